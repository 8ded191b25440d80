/** Everybody in a video as it arrives: rows by person, in the order of time. */

/** One person in one frame (docs/streams.md). Arrays are views of the bytes that came. */
export interface Row {
  trackId: number;
  frameIndex: number;
  ptsS: number;
  /** Crop camera (s, tx, ty), and its square (x0, y0, x1, y1) in pixels. */
  camera: Float32Array;
  cropPx: Float32Array;
  /** Raw coarse vertices [431*3] in steps of so many metres. */
  coarse: Int16Array | Float32Array;
  stepM: number;
  /** The Human3.6M pelvis in the axes of `coarse`. */
  pelvis: Float32Array;
  /** J14 about the pelvis: [14*3]. */
  joints: Float32Array;
  /** The pelvis in the camera frame, and the turn from the crop's axes to it, row by row: [9]. */
  translation: Float32Array;
  turn: Float32Array;
}

/** Joints of J14 that are asked for by name. */
export const RIGHT_ANKLE = 0;
export const LEFT_ANKLE = 5;
export const NECK = 12;
export const HEAD = 13;

/** A joint in the camera frame: x right, y down, z away, metres. */
export function placedJoint({ joints, turn, translation }: Row, joint: number): Vector {
  const [x, y, z] = joints.subarray(3 * joint, 3 * joint + 3);
  return [0, 3, 6].map(
    (r, axis) => turn[r] * x + turn[r + 1] * y + turn[r + 2] * z + translation[axis],
  ) as Vector;
}

export type Vector = [number, number, number];

export class Track {
  readonly rows: Row[] = [];

  constructor(readonly id: number) {}

  /** Put a row in its place; one that is there already is replaced. */
  add(row: Row): void {
    const at = lowerBound(this.rows, row.frameIndex);
    const known = this.rows[at]?.frameIndex === row.frameIndex;
    if (known) this.rows[at] = row;
    else if (at === this.rows.length) this.rows.push(row);
    else this.rows.splice(at, 0, row);
  }

  /** The row of a frame, if this person is in it. */
  at(frameIndex: number): Row | undefined {
    const row = this.rows[lowerBound(this.rows, frameIndex)];
    return row?.frameIndex === frameIndex ? row : undefined;
  }

  get first(): Row | undefined {
    return this.rows[0];
  }

  get last(): Row | undefined {
    return this.rows[this.rows.length - 1];
  }

  /** Stretches of consecutive frames, as [first, last]. */
  stretches(): [number, number][] {
    const found: [number, number][] = [];
    for (const { frameIndex } of this.rows) {
      const open = found[found.length - 1];
      if (open && open[1] === frameIndex - 1) open[1] = frameIndex;
      else found.push([frameIndex, frameIndex]);
    }
    return found;
  }
}

export class People {
  private readonly byId = new Map<number, Track>();
  /** Grows with every row, so that who draws can tell whether there is something new. */
  version = 0;

  get tracks(): Track[] {
    return [...this.byId.values()].sort((a, b) => a.id - b.id);
  }

  get isEmpty(): boolean {
    return this.byId.size === 0;
  }

  track(id: number): Track | undefined {
    return this.byId.get(id);
  }

  add(rows: Iterable<Row>): void {
    for (const row of rows) {
      let track = this.byId.get(row.trackId);
      if (!track) {
        track = new Track(row.trackId);
        this.byId.set(row.trackId, track);
      }
      track.add(row);
      this.version++;
    }
  }

  clear(): void {
    this.byId.clear();
    this.version++;
  }
}

/** Index of the first row whose frame is not before `frameIndex`. */
function lowerBound(rows: readonly Row[], frameIndex: number): number {
  const last = rows[rows.length - 1];
  if (!last || last.frameIndex < frameIndex) return rows.length;
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].frameIndex < frameIndex) low = middle + 1;
    else high = middle;
  }
  return low;
}
