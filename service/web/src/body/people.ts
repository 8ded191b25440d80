/** Everybody in a video as it arrives: rows by person, in the order of time. */

/** One person in one frame, as it comes over the wire: raw and uncentred. */
export interface Row {
  trackId: number;
  frameIndex: number;
  ptsS: number;
  camera: Float32Array;
  cropPx: Float32Array;
  coarse: Float32Array;
}

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
