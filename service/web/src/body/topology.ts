/** What turns the network's 431 vertices into the 6890 of a mesh; one per model and body. */

import { readSafetensors } from "../lib/safetensors";

/** Sizes that every body has (docs/bodies.md). */
export const COARSE = 431;
export const INTERMEDIATE = 1723;
export const FINE = 6890;

export interface Topology {
  /** Triangles of the fine level, counter-clockwise seen from outside: [F*3]. */
  faces: Int32Array;
  /** The same of the coarse level, for a cheap picture: [C*3]. */
  coarseFaces: Int32Array;
  /** The learned affine layer: [1723*431], and its bias in metres: [1723]. */
  learnedWeight: Float32Array;
  learnedBias: Float32Array;
  /** Fine vertices as sums of three intermediate ones: [6890*3] each. */
  fineIndices: Int32Array;
  fineWeights: Float32Array;
  /** Pairs of the 14 joints that a bone joins: [S*2]. */
  skeleton: Int32Array;
}

/** Read what `/v1/models/{name}/topology` answers (docs/streams.md). */
export function readTopology(bytes: ArrayBuffer): Topology {
  const file = readSafetensors(bytes);
  return {
    faces: file.ints("faces"),
    coarseFaces: file.ints("coarse_faces"),
    learnedWeight: file.floats("intermediate_weight", INTERMEDIATE * COARSE),
    learnedBias: file.floats("intermediate_bias", INTERMEDIATE),
    fineIndices: file.ints("fine_indices", 3 * FINE),
    fineWeights: file.floats("fine_weights", 3 * FINE),
    skeleton: file.ints("skeleton"),
  };
}
