/** Which way is up, and where the floor is: judged from how people stand. */

import {
  LEFT_ANKLE,
  NECK,
  type People,
  placedJoint,
  RIGHT_ANKLE,
  type Row,
  type Vector,
} from "./people";

const SAMPLES = 60;
/** Ankles are so far above the soles, in metres. */
const ANKLE_M = 0.09;
/** People who lie or bend say nothing about what is up: cosine of 45 degrees. */
const UPRIGHT = 0.7;

/** In the camera frame: x right, y down, z away, metres. */
export interface Floor {
  /** Unit vector away from the ground. */
  up: Vector;
  /** The floor is where `up . point` is this. */
  heightM: number;
}

interface Stance {
  soles: Vector;
  neck: Vector;
}

/** Estimate the floor from a few rows of everybody; level and below the camera without any. */
export function estimateFloor(people: People): Floor {
  const stances = samples(people).map(stance);
  const up = meanUp(stances);
  const heights = stances.map(({ soles }) => dot(soles, up)).sort((a, b) => a - b);
  const heightM = heights.length ? heights[heights.length >> 1] : -1.5;
  return { up, heightM };
}

function samples(people: People): Row[] {
  const rows = people.tracks.flatMap((track) => track.rows);
  const step = Math.max(rows.length / SAMPLES, 1);
  const chosen: Row[] = [];
  for (let at = 0; at < rows.length; at += step) chosen.push(rows[Math.floor(at)]);
  return chosen;
}

function stance(row: Row): Stance {
  const left = placedJoint(row, LEFT_ANKLE);
  const right = placedJoint(row, RIGHT_ANKLE);
  const neck = placedJoint(row, NECK);
  const middle = left.map((value, axis) => (value + right[axis]) / 2) as Vector;
  const towards = unit(minus(neck, middle));
  const lower = dot(left, towards) < dot(right, towards) ? left : right;
  return { soles: minus(lower, times(towards, ANKLE_M)), neck };
}

function meanUp(stances: Stance[]): Vector {
  const sum: Vector = [0, -1e-3, 0];
  for (const { soles, neck } of stances) {
    const up = unit(minus(neck, soles));
    if (-up[1] < UPRIGHT) continue;
    for (let axis = 0; axis < 3; axis++) sum[axis] += up[axis];
  }
  sum[0] = 0; // cameras look up and down, but are seldom held askew
  return unit(sum);
}

const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const minus = (a: Vector, b: Vector): Vector => [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
const times = (a: Vector, k: number): Vector => [k * a[0], k * a[1], k * a[2]];
const unit = (a: Vector): Vector => times(a, 1 / (Math.hypot(...a) || 1));
