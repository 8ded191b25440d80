/** What people stand in: a floor with a grid that fades, and where the camera was. */

import {
  BufferGeometry,
  Color,
  Float32BufferAttribute,
  LineBasicMaterial,
  LineSegments,
  Mesh,
  PlaneGeometry,
  ShaderMaterial,
} from "three";
import type { Pinhole } from "../body/camera";

const REACH_M = 30;

const FLOOR_VERTEX = /* glsl */ `
  varying vec3 at;
  void main() {
    vec4 world = modelMatrix * vec4(position, 1.0);
    at = world.xyz;
    gl_Position = projectionMatrix * viewMatrix * world;
  }`;

// A line every half metre, a stronger one every two; both fade with distance.
const FLOOR_FRAGMENT = /* glsl */ `
  uniform vec3 ink;
  uniform vec3 ground;
  uniform vec2 centre;
  uniform float radius;
  varying vec3 at;
  float lines(vec2 p, float width) {
    vec2 away = abs(fract(p - 0.5) - 0.5) / max(fwidth(p), 1e-5);
    return 1.0 - min(min(away.x, away.y) / width, 1.0);
  }
  void main() {
    float fade = 1.0 - smoothstep(0.35, 1.0, distance(at.xz, centre) / radius);
    float grid = max(0.35 * lines(at.xz * 2.0, 1.0), 0.9 * lines(at.xz * 0.5, 1.2));
    float cover = fade * mix(0.55, 1.0, grid);
    vec3 c = mix(ground, ink, grid * 0.55);
    gl_FragColor = vec4(c, cover);
  }`;

export class Floor {
  readonly mesh: Mesh<PlaneGeometry, ShaderMaterial>;

  constructor() {
    const material = new ShaderMaterial({
      uniforms: {
        ink: { value: new Color() },
        ground: { value: new Color() },
        centre: { value: [0, 0] },
        radius: { value: 6 },
      },
      vertexShader: FLOOR_VERTEX,
      fragmentShader: FLOOR_FRAGMENT,
      transparent: true,
      depthWrite: false,
    });
    this.mesh = new Mesh(new PlaneGeometry(2 * REACH_M, 2 * REACH_M), material);
    this.mesh.rotation.x = -Math.PI / 2;
    this.mesh.renderOrder = 0;
  }

  /** Lay it around a point of the floor. */
  lay(x: number, z: number, radiusM: number): void {
    this.mesh.position.set(x, 0, z);
    this.mesh.material.uniforms.centre.value = [x, z];
    this.mesh.material.uniforms.radius.value = Math.min(radiusM, REACH_M);
  }

  paint(ink: string, ground: string): void {
    const { uniforms } = this.mesh.material;
    for (const [uniform, css] of [
      [uniforms.ink, ink],
      [uniforms.ground, ground],
    ] as const) {
      uniform.value = new Color(css).convertLinearToSRGB(); // the shader mixes what is shown
    }
  }

  dispose(): void {
    this.mesh.geometry.dispose();
    this.mesh.material.dispose();
  }
}

/** The camera of the video as a small pyramid, in the camera frame. */
export function cameraMark(pinhole: Pinhole): LineSegments<BufferGeometry, LineBasicMaterial> {
  const depth = 0.4;
  const x = (depth * pinhole.width) / 2 / pinhole.focalPx;
  const y = (depth * pinhole.height) / 2 / pinhole.focalPx;
  const corners = [
    [-x, -y, depth],
    [x, -y, depth],
    [x, y, depth],
    [-x, y, depth],
  ];
  const points = corners.flatMap((corner, i) => [[0, 0, 0], corner, corner, corners[(i + 1) % 4]]);
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new Float32BufferAttribute(points.flat(), 3));
  return new LineSegments(geometry, new LineBasicMaterial({ transparent: true, opacity: 0.7 }));
}
