/** What is drawn, and by which camera: people in a room, or people over their video. */

import { Box3, Group, OrthographicCamera, Scene, Vector3, WebGLRenderer } from "three";
import { cropCameraToImage, type Pinhole } from "../body/camera";
import { estimateFloor, type Floor as FloorPlane } from "../body/floor";
import { Mesher } from "../body/mesher";
import type { People, Row } from "../body/people";
import type { Topology } from "../body/topology";
import { drawsInSoftware } from "./hardware";
import { Orbit, type Place, type Subject } from "./orbit";
import { type Look, Person, type Shared, shareIndex } from "./person";
import { levelling, poseInScene, poseOverVideo } from "./poses";
import { cameraMark, Floor } from "./room";

/** As in the overlay mp4: the person shows through. */
const OVER_OPACITY = 0.82;
const MAX_PIXEL_RATIO = 2;
const ABOVE_HEAD = new Vector3(0, -0.2, 0);

export interface Settings {
  wireframe: boolean;
  joints: boolean;
  floor: boolean;
  follow: boolean;
}

export class Stage {
  readonly orbit: Orbit;
  private readonly renderer: WebGLRenderer;
  private readonly software: boolean;
  private readonly scene = new Scene();
  private readonly level = new Group();
  private readonly floor = new Floor();
  private readonly mark: ReturnType<typeof cameraMark>;
  private readonly over: OrthographicCamera;
  private readonly mesher: Mesher;
  private readonly shared: Shared;
  private readonly persons = new Map<number, Person>();
  private plane: FloorPlane = { up: [0, -1, 0], heightM: -1.5 };
  private isOver = false;
  private isFine = false;
  private settings: Settings = { wireframe: false, joints: false, floor: true, follow: true };

  constructor(
    readonly canvas: HTMLCanvasElement,
    topology: Topology,
    readonly pinhole: Pinhole,
    onChange: () => void,
  ) {
    this.mesher = new Mesher(topology);
    this.shared = shareIndex(topology);
    this.software = drawsInSoftware();
    const antialias = !this.software;
    this.renderer = new WebGLRenderer({ canvas, alpha: true, antialias, stencil: true });
    this.orbit = new Orbit(canvas, onChange);
    this.mark = cameraMark(pinhole);
    this.over = new OrthographicCamera(0, pinhole.width, 0, -pinhole.height, -1e5, 1e5);
    this.level.matrixAutoUpdate = false;
    this.mark.scale.set(1, -1, -1);
    this.level.add(this.mark);
    this.scene.add(this.floor.mesh, this.level);
  }

  /** Draw over the video rather than in the room. */
  setOver(over: boolean): void {
    this.isOver = over;
    this.orbit.enabled = !over;
    this.dress();
  }

  setSettings(settings: Settings): void {
    this.settings = settings;
    this.dress();
  }

  paint(ink: string, ground: string): void {
    this.floor.paint(ink, ground);
    this.mark.material.color.set(ink);
  }

  /** Show exactly these rows, computing what is not in the buffers. */
  show(rows: readonly Row[], walking: boolean): void {
    const scales = rows.map((row) => cropCameraToImage(row).pxPerM);
    const meanScale = scales.reduce((sum, scale) => sum + scale, 0) / Math.max(rows.length, 1);
    for (const person of this.persons.values()) person.group.visible = false;
    for (const row of rows) {
      const person = this.person(row.trackId);
      person.show(row, this.mesher);
      person.group.visible = true;
      person.place(this.isOver ? poseOverVideo(row, meanScale) : poseInScene(row));
    }
    this.applyLevel();
    if (this.settings.follow && !this.isOver && rows.length) {
      this.orbit.follow(this.centre(rows), walking);
    }
  }

  /** Vertices of a person as they are drawn, about the pelvis; undefined where nobody is. */
  vertices(trackId: number): Float32Array | undefined {
    const person = this.persons.get(trackId);
    return person?.group.visible ? person.vertices : undefined;
  }

  resize(width: number, height: number): void {
    if (width < 1 || height < 1) return;
    this.setFine(false);
    this.renderer.setSize(width, height, false);
    this.orbit.camera.aspect = width / height;
    this.orbit.camera.updateProjectionMatrix();
  }

  render(): void {
    if (this.isFine) this.setFine(false);
    this.draw();
  }

  /** Draw once more, finer, where the processor draws and nothing moves. */
  refine(): void {
    if (!this.software || this.isFine) return;
    this.setFine(true);
    this.draw();
  }

  private draw(): void {
    this.renderer.render(this.scene, this.isOver ? this.over : this.orbit.camera);
  }

  private setFine(fine: boolean): void {
    this.isFine = fine;
    const most = this.software && !fine ? 1 : MAX_PIXEL_RATIO;
    this.renderer.setPixelRatio(fine ? most : Math.min(devicePixelRatio, most));
  }

  /** Find the floor once more, as more of the people is known. */
  findFloor(people: People): void {
    this.plane = estimateFloor(people);
    const { centre, radiusM } = this.subject(sampled(people));
    this.floor.lay(centre.x, centre.z, radiusM * 2.2 + 2.5);
  }

  /** Send the view to a place: around those in a frame where it follows, else around all. */
  go(place: Place, people: People, frame: number, atOnce = false): void {
    const here = people.tracks.map((track) => track.at(frame)).filter((row) => row !== undefined);
    const rows = this.settings.follow && here.length > 0 ? here : sampled(people);
    this.orbit.go(place, this.subject(rows), atOnce);
  }

  /** Where a person's head is on the canvas, as shares of its sides. */
  labelAt(trackId: number): [number, number] | undefined {
    const person = this.persons.get(trackId);
    if (!person?.group.visible) return undefined;
    const top = person.head.clone().add(ABOVE_HEAD).applyMatrix4(person.group.matrixWorld);
    top.project(this.isOver ? this.over : this.orbit.camera);
    return [(top.x + 1) / 2, (1 - top.y) / 2];
  }

  dispose(): void {
    for (const person of this.persons.values()) person.dispose();
    this.floor.dispose();
    this.mark.geometry.dispose();
    this.mark.material.dispose();
    this.orbit.dispose();
    this.renderer.dispose();
  }

  private subject(rows: readonly Row[]): Subject {
    this.applyLevel(false);
    const box = new Box3();
    for (const row of rows) box.expandByPoint(this.pelvis(row));
    if (box.isEmpty()) box.expandByPoint(new Vector3(0, 1, -4));
    const size = box.getSize(new Vector3());
    const { height, focalPx } = this.pinhole;
    const result = {
      centre: box.getCenter(new Vector3()),
      radiusM: Math.min(1.1 + Math.max(size.x, size.z) * 0.36, 9),
      eye: new Vector3().applyMatrix4(this.level.matrix),
      fovDeg: (360 / Math.PI) * Math.atan(height / 2 / focalPx),
    };
    this.applyLevel();
    return result;
  }

  private centre(rows: readonly Row[]): Vector3 {
    const sum = new Vector3();
    for (const row of rows) sum.add(this.pelvis(row));
    return sum.divideScalar(rows.length);
  }

  private pelvis(row: Row): Vector3 {
    return new Vector3().setFromMatrixPosition(poseInScene(row)).applyMatrix4(this.level.matrix);
  }

  private applyLevel(over = this.isOver): void {
    if (over) this.level.matrix.identity();
    else this.level.matrix.copy(levelling(this.plane));
    this.level.matrixWorldNeedsUpdate = true;
  }

  private person(trackId: number): Person {
    let person = this.persons.get(trackId);
    if (!person) {
      person = new Person(trackId, this.shared);
      person.dress(this.look());
      this.persons.set(trackId, person);
      this.level.add(person.group);
    }
    return person;
  }

  private look(): Look {
    return {
      wireframe: this.settings.wireframe,
      joints: this.settings.joints,
      shadow: this.settings.floor && !this.isOver,
      opacity: this.isOver ? OVER_OPACITY : 1,
    };
  }

  private dress(): void {
    this.floor.mesh.visible = this.settings.floor && !this.isOver;
    this.mark.visible = this.settings.floor && !this.isOver;
    for (const person of this.persons.values()) person.dress(this.look());
  }
}

/** Some rows of everybody. */
function sampled(people: People): Row[] {
  return people.tracks.flatMap(({ rows }) => {
    const step = Math.max(Math.floor(rows.length / 50), 1);
    return rows.filter((_, at) => at % step === 0);
  });
}
