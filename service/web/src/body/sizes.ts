/** Sizes that every body has (docs/bodies.md), and what its joints are. */

export const COARSE = 431;
export const INTERMEDIATE = 1723;
export const FINE = 6890;

/** The 14 joints J14 among Human3.6M's 17; the pelvis is joint 0 of those. */
export const H36M_TO_J14 = [3, 2, 1, 4, 5, 6, 16, 15, 14, 11, 12, 13, 8, 10] as const;

/** Pairs of J14 that a skeleton is drawn with. */
export const BONES = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, 5],
  [6, 7],
  [7, 8],
  [8, 9],
  [9, 10],
  [10, 11],
  [2, 8],
  [3, 9],
  [8, 12],
  [9, 12],
  [12, 13],
] as const;

export const RIGHT_ANKLE = 0;
export const LEFT_ANKLE = 5;
export const NECK = 12;
export const HEAD = 13;
