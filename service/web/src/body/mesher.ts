/** From the 431 vertices that come over the wire to a mesh: positions and normals. */

import type { Row } from "./people";
import { COARSE, FINE, INTERMEDIATE, type Topology } from "./topology";

/**
 * Computes one mesh at a time, into buffers of its own that the next one overwrites.
 *
 * Positions are [6890*3], in metres about the Human3.6M pelvis: x right, y down, z away.
 */
export class Mesher {
  readonly positions = new Float32Array(3 * FINE);
  readonly normals = new Float32Array(3 * FINE);
  /** The coarse vertices about the pelvis: [431*3]. */
  readonly outline = new Float32Array(3 * COARSE);
  private readonly coarse = new Float32Array(3 * COARSE);
  private readonly intermediate = new Float32Array(3 * INTERMEDIATE);

  constructor(private readonly topology: Topology) {}

  /** Compute the mesh of a row. */
  shape(row: Row): void {
    for (let i = 0; i < 3 * COARSE; i++) {
      this.coarse[i] = row.coarse[i] * row.stepM;
      this.outline[i] = this.coarse[i] - row.pelvis[i % 3];
    }
    learnedLayer(this.topology, this.coarse, this.intermediate);
    sumsOfThree(this.topology, this.intermediate, row.pelvis, this.positions);
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

/** [1723] to [6890]: the body's fixed sums of three, about `origin`. */
function sumsOfThree(
  topology: Topology,
  from: Float32Array,
  origin: Float32Array,
  out: Float32Array,
): void {
  const { fineIndices: index, fineWeights: weight } = topology;
  for (let i = 0; i < 3 * FINE; i += 3) {
    const a = 3 * index[i];
    const b = 3 * index[i + 1];
    const c = 3 * index[i + 2];
    for (let axis = 0; axis < 3; axis++) {
      out[i + axis] =
        weight[i] * from[a + axis] +
        weight[i + 1] * from[b + axis] +
        weight[i + 2] * from[c + axis] -
        origin[axis];
    }
  }
}

/** Sum the normals of the faces around each vertex, each as long as twice its area. */
function faceSums(faces: Int32Array, p: Float32Array, sums: Float32Array): void {
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
    add(sums, a, nx, ny, nz);
    add(sums, b, nx, ny, nz);
    add(sums, c, nx, ny, nz);
  }
}

function add(sums: Float32Array, at: number, x: number, y: number, z: number): void {
  sums[at] += x;
  sums[at + 1] += y;
  sums[at + 2] += z;
}

function normalise(vectors: Float32Array): void {
  for (let i = 0; i < vectors.length; i += 3) {
    const x = vectors[i];
    const y = vectors[i + 1];
    const z = vectors[i + 2];
    const scale = 1 / (Math.sqrt(x * x + y * y + z * z) || 1);
    vectors[i] = x * scale;
    vectors[i + 1] = y * scale;
    vectors[i + 2] = z * scale;
  }
}
