/** One person as things to draw: surface, wires, shadow, skeleton. Knows no camera. */

import {
  BufferAttribute,
  BufferGeometry,
  Color,
  DynamicDrawUsage,
  Group,
  type InterleavedBufferAttribute,
  LineBasicMaterial,
  LineSegments,
  type Matrix4,
  Mesh,
  type ShaderMaterial,
  Vector3,
} from "three";
import type { Mesher } from "../body/mesher";
import { HEAD, type Row } from "../body/people";
import { COARSE, FINE, type Topology } from "../body/topology";
import { bodyMaterial, personRgb, shadowMaterial } from "./material";
import { Skeleton } from "./skeleton";

/** What of people is drawn. */
export interface Look {
  wireframe: boolean;
  joints: boolean;
  shadow: boolean;
  opacity: number;
}

/** What all people share. */
export interface Shared {
  faces: BufferAttribute;
  edges: BufferAttribute;
  coarseFaces: BufferAttribute;
  skeleton: Int32Array;
}

export class Person {
  readonly group = new Group();
  /** The row whose mesh lies in the buffers. */
  row: Row | undefined;
  /** The head's joint, about the pelvis. */
  readonly head = new Vector3();
  private readonly surface = new BufferGeometry();
  private readonly wires = new BufferGeometry();
  private readonly outline = new BufferGeometry();
  private readonly solid: Mesh<BufferGeometry, ShaderMaterial>;
  private readonly lines: LineSegments;
  private readonly shadow: Mesh;
  private readonly skeleton: Skeleton;

  constructor(
    readonly trackId: number,
    shared: Shared,
  ) {
    const [r, g, b] = personRgb(trackId);
    const color = new Color().setRGB(r / 255, g / 255, b / 255, "srgb");
    const position = dynamic(FINE);
    this.surface.setAttribute("position", position);
    this.surface.setAttribute("normal", dynamic(FINE));
    this.surface.setIndex(shared.faces);
    this.wires.setAttribute("position", position);
    this.wires.setIndex(shared.edges);
    this.outline.setAttribute("position", dynamic(COARSE));
    this.outline.setIndex(shared.coarseFaces);
    this.solid = new Mesh(this.surface, bodyMaterial(trackId));
    this.shadow = new Mesh(this.outline, shadowMaterial());
    this.lines = new LineSegments(this.wires, wireMaterial(color));
    this.skeleton = new Skeleton(color, shared.skeleton);
    this.solid.renderOrder = 2;
    this.lines.renderOrder = 3;
    this.shadow.renderOrder = 1;
    this.group.matrixAutoUpdate = false;
    this.group.add(this.solid, this.lines, this.shadow, this.skeleton.group);
    for (const part of [this.solid, this.lines, this.shadow]) part.frustumCulled = false;
  }

  /** Vertices about the pelvis, [6890*3], in metres: x right, y down, z away. */
  get vertices(): Float32Array {
    return this.surface.getAttribute("position").array as Float32Array;
  }

  /** Take the mesh of a row over. */
  show(row: Row, mesher: Mesher): void {
    if (row === this.row) return;
    mesher.shape(row);
    fillIn(this.surface.getAttribute("position"), mesher.positions);
    fillIn(this.surface.getAttribute("normal"), mesher.normals);
    fillIn(this.outline.getAttribute("position"), mesher.outline);
    this.skeleton.show(row.joints);
    this.head.fromArray(row.joints, 3 * HEAD);
    this.row = row;
  }

  place(matrix: Matrix4): void {
    this.group.matrix.copy(matrix);
    this.group.matrixWorldNeedsUpdate = true;
  }

  dress(look: Look): void {
    const material = this.solid.material;
    material.colorWrite = !look.wireframe; // wires hide what is behind the body
    material.uniforms.opacity.value = look.opacity;
    this.lines.visible = look.wireframe;
    this.shadow.visible = look.shadow;
    this.skeleton.group.visible = look.joints;
  }

  dispose(): void {
    this.group.removeFromParent();
    this.surface.dispose();
    this.wires.dispose();
    this.outline.dispose();
    this.solid.material.dispose();
    (this.shadow.material as ShaderMaterial).dispose();
    (this.lines.material as LineBasicMaterial).dispose();
    this.skeleton.dispose();
  }
}

/** Make what all people share: triangles, and their edges once each. */
export function shareIndex({ faces, coarseFaces, skeleton }: Topology): Shared {
  const seen = new Set<number>();
  const edges: number[] = [];
  for (let f = 0; f < faces.length; f += 3) {
    for (let side = 0; side < 3; side++) {
      const a = faces[f + side];
      const b = faces[f + ((side + 1) % 3)];
      const key = Math.min(a, b) * FINE + Math.max(a, b);
      if (seen.has(key)) continue;
      seen.add(key);
      edges.push(a, b);
    }
  }
  return {
    faces: new BufferAttribute(Uint16Array.from(faces), 1),
    edges: new BufferAttribute(Uint16Array.from(edges), 1),
    coarseFaces: new BufferAttribute(Uint16Array.from(coarseFaces), 1),
    skeleton,
  };
}

function dynamic(vertices: number): BufferAttribute {
  return new BufferAttribute(new Float32Array(3 * vertices), 3).setUsage(DynamicDrawUsage);
}

function fillIn(attribute: BufferAttribute | InterleavedBufferAttribute, values: Float32Array) {
  (attribute.array as Float32Array).set(values);
  attribute.needsUpdate = true;
}

function wireMaterial(color: Color): LineBasicMaterial {
  return new LineBasicMaterial({ color, toneMapped: false, transparent: true, opacity: 0.6 });
}
