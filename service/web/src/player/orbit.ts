/** The viewer's camera in the scene: dragged, stepped by keys, sent to places, or following. */

import { PerspectiveCamera, Vector3 } from "three";
import { OrbitControls } from "three/examples/jsm/controls/OrbitControls.js";

export type Place = "start" | "filmed" | "front" | "side" | "above";

/** What there is to look at. */
export interface Subject {
  centre: Vector3;
  radiusM: number;
  /** Where the video's camera stands, and its vertical field of view in degrees. */
  eye: Vector3;
  fovDeg: number;
}

const FOV_DEG = 32;
const FLIGHT_MS = 450;
const STEP = Math.PI / 18;
/** The view comes after people within about so many milliseconds. */
const FOLLOW_MS = 300;

interface Flight {
  since: number;
  from: [Vector3, Vector3, number];
  to: [Vector3, Vector3, number];
}

export class Orbit {
  readonly camera = new PerspectiveCamera(FOV_DEG, 1, 0.05, 200);
  private readonly controls: OrbitControls;
  private flight: Flight | undefined;
  private followedMs = 0;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    onChange: () => void,
  ) {
    this.controls = new OrbitControls(this.camera, canvas);
    this.controls.enableDamping = true;
    this.controls.dampingFactor = 0.15;
    this.controls.minDistance = 0.6;
    this.controls.maxDistance = 60;
    this.controls.maxPolarAngle = Math.PI * 0.62;
    this.controls.addEventListener("change", onChange);
    this.controls.addEventListener("start", () => {
      this.flight = undefined;
    });
    canvas.addEventListener("keydown", this.onKey);
  }

  set enabled(on: boolean) {
    this.controls.enabled = on;
    this.canvas.style.touchAction = on ? "none" : "auto";
  }

  /** Go to a place, on a short flight where motion is welcome. */
  go(place: Place, subject: Subject, atOnce = false): void {
    const to = viewpoint(place, subject, this.camera.aspect);
    const from: Flight["to"] = [
      this.camera.position.clone(),
      this.controls.target.clone(),
      this.camera.fov,
    ];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.flight = { since: performance.now() - (atOnce || calm ? FLIGHT_MS : 0), from, to };
    this.step();
  }

  /** Move on; true while there is more to come. */
  step(): boolean {
    const flying = this.fly();
    return this.controls.update() || flying;
  }

  /** Keep people in view as they walk; at once where they do not. */
  follow(centre: Vector3, walking: boolean): void {
    const nowMs = performance.now();
    const share = walking ? 1 - Math.exp((this.followedMs - nowMs) / FOLLOW_MS) : 1;
    this.followedMs = nowMs;
    if (this.flight) return;
    const shift = centre.clone().sub(this.controls.target).multiplyScalar(share);
    this.controls.target.add(shift);
    this.camera.position.add(shift);
  }

  dispose(): void {
    this.canvas.removeEventListener("keydown", this.onKey);
    this.controls.dispose();
  }

  private fly(): boolean {
    if (!this.flight) return false;
    const { since, from, to } = this.flight;
    const t = Math.min((performance.now() - since) / FLIGHT_MS, 1);
    const share = t * t * (3 - 2 * t);
    this.camera.position.lerpVectors(from[0], to[0], share);
    this.controls.target.lerpVectors(from[1], to[1], share);
    this.camera.fov = from[2] + (to[2] - from[2]) * share;
    this.camera.updateProjectionMatrix();
    if (t === 1) this.flight = undefined;
    return t < 1;
  }

  private readonly onKey = (event: KeyboardEvent): void => {
    const turns: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP / 2],
      ArrowDown: [0, STEP / 2],
    };
    const zooms: Record<string, number> = { "+": 0.88, "=": 0.88, "-": 1.14 };
    const turn = turns[event.key];
    const zoom = zooms[event.key];
    if (!this.controls.enabled || event.ctrlKey || event.metaKey || !(turn || zoom)) return;
    event.preventDefault();
    const away = this.camera.position.clone().sub(this.controls.target);
    if (turn) turnAround(away, turn[0], turn[1]);
    this.camera.position.copy(this.controls.target).add(away.multiplyScalar(zoom ?? 1));
    this.controls.update();
  };
}

/** Camera, what it looks at, and its field of view. */
function viewpoint(place: Place, subject: Subject, aspect: number): [Vector3, Vector3, number] {
  const { centre, radiusM, eye } = subject;
  if (place === "filmed") {
    const target = new Vector3(eye.x, eye.y, centre.z);
    return [eye.clone(), target, subject.fovDeg];
  }
  const half = Math.tan((FOV_DEG / 360) * Math.PI);
  const distance = (radiusM / half) * Math.max(1, 1 / aspect) * 1.05;
  const towards = new Vector3().subVectors(eye, centre).setY(0).normalize();
  const directions: Record<Exclude<Place, "filmed">, [number, number]> = {
    start: [0.42, 0.2],
    front: [0, 0.06],
    side: [Math.PI / 2, 0.06],
    above: [0, 1.5],
  };
  const [round, up] = directions[place];
  const away = towards.applyAxisAngle(new Vector3(0, 1, 0), round).multiplyScalar(Math.cos(up));
  away.y = Math.sin(up);
  return [centre.clone().addScaledVector(away, distance), centre.clone(), FOV_DEG];
}

function turnAround(away: Vector3, round: number, up: number): void {
  away.applyAxisAngle(new Vector3(0, 1, 0), round);
  const length = away.length();
  const angle = Math.min(Math.max(Math.asin(away.y / length) - up, -0.35), 1.5);
  const flat = Math.hypot(away.x, away.z) || 1e-6;
  const cos = (Math.cos(angle) * length) / flat;
  away.set(away.x * cos, Math.sin(angle) * length, away.z * cos);
}
