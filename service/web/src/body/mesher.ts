/** From the 431 vertices that come over the wire to a mesh: positions, normals, joints. */

import { COARSE, FINE, H36M_TO_J14, INTERMEDIATE } from "./sizes";
import type { SparseRows, Topology } from "./topology";

/**
 * Computes one mesh at a time, into buffers of its own that the next one overwrites.
 *
 * All positions are [n*3], in metres about the Human3.6M pelvis: x right, y down, z away.
 */
export class Mesher {
  readonly positions = new Float32Array(3 * FINE);
  readonly normals = new Float32Array(3 * FINE);
  readonly joints = new Float32Array(3 * 14);
  private readonly intermediate = new Float32Array(3 * INTERMEDIATE);

  constructor(readonly topology: Topology) {}

  /** Compute the mesh of coarse vertices [431*3], as the network gave them. */
  shape(coarse: Float32Array): void {
    learnedLayer(this.topology, coarse, this.intermediate);
    sumsOfThree(this.topology, this.intermediate, this.positions);
    const h36m = regress(this.topology.joints, this.positions);
    shift(this.positions, h36m);
    for (let joint = 0; joint < 14; joint++) {
      for (let axis = 0; axis < 3; axis++) {
        this.joints[3 * joint + axis] = h36m[3 * H36M_TO_J14[joint] + axis] - h36m[axis];
      }
    }
  }

  /** Average the normals of the faces around each vertex, weighted by their areas. */
  light(): void {
    faceSums(this.topology.faces, this.positions, this.normals);
    normalise(this.normals);
  }
}

/** [431] to [1723]: the affine layer that the network learned, alike on x, y and z. */
function learnedLayer(topology: Topology, coarse: Float32Array, out: Float32Array): void {
  const { learnedWeight: weight, learnedBias: bias } = topology;
  for (let row = 0, at = 0; row < INTERMEDIATE; row++) {
    let x = bias[row];
    let y = x;
    let z = x;
    for (let c = 0; c < 3 * COARSE; c += 3, at++) {
      const w = weight[at];
      x += w * coarse[c];
      y += w * coarse[c + 1];
      z += w * coarse[c + 2];
    }
    out[3 * row] = x;
    out[3 * row + 1] = y;
    out[3 * row + 2] = z;
  }
}

/** [1723] to [6890]: the body's fixed sums of three. */
function sumsOfThree(topology: Topology, from: Float32Array, out: Float32Array): void {
  const { fineIndices: index, fineWeights: weight } = topology;
  for (let i = 0; i < 3 * FINE; i += 3) {
    const a = 3 * index[i];
    const b = 3 * index[i + 1];
    const c = 3 * index[i + 2];
    for (let axis = 0; axis < 3; axis++) {
      out[i + axis] =
        weight[i] * from[a + axis] +
        weight[i + 1] * from[b + axis] +
        weight[i + 2] * from[c + axis];
    }
  }
}

/** Weighted sums of vertices: [rows*3]. */
function regress(matrix: SparseRows, vertices: Float32Array): Float64Array {
  const rows = matrix.start.length - 1;
  const out = new Float64Array(3 * rows);
  for (let row = 0; row < rows; row++) {
    for (let entry = matrix.start[row]; entry < matrix.start[row + 1]; entry++) {
      for (let axis = 0; axis < 3; axis++) {
        out[3 * row + axis] += matrix.weight[entry] * vertices[3 * matrix.column[entry] + axis];
      }
    }
  }
  return out;
}

/** Take the first point of `origin` from every vertex. */
function shift(vertices: Float32Array, origin: Float64Array): void {
  for (let i = 0; i < vertices.length; i += 3) {
    vertices[i] -= origin[0];
    vertices[i + 1] -= origin[1];
    vertices[i + 2] -= origin[2];
  }
}

function faceSums(faces: Uint32Array, p: Float32Array, sums: Float32Array): void {
  sums.fill(0);
  for (let f = 0; f < faces.length; f += 3) {
    const a = 3 * faces[f];
    const b = 3 * faces[f + 1];
    const c = 3 * faces[f + 2];
    const ux = p[b] - p[a];
    const uy = p[b + 1] - p[a + 1];
    const uz = p[b + 2] - p[a + 2];
    const vx = p[c] - p[a];
    const vy = p[c + 1] - p[a + 1];
    const vz = p[c + 2] - p[a + 2];
    const nx = uy * vz - uz * vy;
    const ny = uz * vx - ux * vz;
    const nz = ux * vy - uy * vx;
    for (const corner of [a, b, c]) {
      sums[corner] += nx;
      sums[corner + 1] += ny;
      sums[corner + 2] += nz;
    }
  }
}

function normalise(vectors: Float32Array): void {
  for (let i = 0; i < vectors.length; i += 3) {
    const length = Math.hypot(vectors[i], vectors[i + 1], vectors[i + 2]) || 1;
    vectors[i] /= length;
    vectors[i + 1] /= length;
    vectors[i + 2] /= length;
  }
}
