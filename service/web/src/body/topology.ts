/** What turns the network's 431 vertices into the 6890 of a mesh; one per model and body. */

import { FINE, INTERMEDIATE } from "./sizes";

/** A sparse matrix in rows: entries of row r are `start[r]` up to `start[r + 1]`. */
export interface SparseRows {
  start: Uint32Array;
  column: Uint32Array;
  weight: Float32Array;
}

export interface Topology {
  /** Triangles of the fine level, counter-clockwise seen from outside: [F*3]. */
  faces: Uint32Array;
  /** The learned affine layer: [1723*431], and its bias in metres: [1723]. */
  learnedWeight: Float32Array;
  learnedBias: Float32Array;
  /** Fine vertices as sums of three intermediate ones: [6890*3] each. */
  fineIndices: Uint32Array;
  fineWeights: Float32Array;
  /** Human3.6M's 17 joints as sums of fine vertices. */
  joints: SparseRows;
}

/** Keep what is not zero of a dense matrix [rows, columns]. */
export function sparse(dense: Float32Array, rows: number, columns: number): SparseRows {
  const start = new Uint32Array(rows + 1);
  const column: number[] = [];
  const weight: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) {
      const value = dense[row * columns + c];
      if (value !== 0) {
        column.push(c);
        weight.push(value);
      }
    }
    start[row + 1] = column.length;
  }
  return { start, column: Uint32Array.from(column), weight: Float32Array.from(weight) };
}

/** The bodies' fixed sizes, checked where bytes come in. */
export function checkTopology(topology: Topology): void {
  const fits =
    topology.learnedBias.length === INTERMEDIATE &&
    topology.fineIndices.length === 3 * FINE &&
    topology.joints.start.length === 18;
  if (!fits) throw new Error("the topology has other sizes than this page; reload it");
}
