/** When each frame is shown: times of frames that are known, straight lines between them. */

import type { People } from "./people";

const ASSUMED_FPS = 30;
/** Tolerance where a player's clock rounds, in seconds. */
const ROUNDING_S = 0.002;

/** What is known of a video beside its rows. */
export interface Video {
  /** As the container states it. */
  fps: number | null;
  /** How many there are in all. */
  frames: number | null;
  /** When the first one is shown. */
  firstS: number;
}

export class Timeline {
  /** Presentation time of frame `first + i`, in seconds, growing. */
  private times: number[] = [];

  constructor(
    readonly first = 0,
    times: number[] = [],
  ) {
    this.times = times;
  }

  /** Gather it from the rows of people, and what is known of the video. */
  static of(people: People, video: Video): Timeline {
    const known = new Map<number, number>();
    for (const track of people.tracks) {
      for (const row of track.rows) known.set(row.frameIndex, row.ptsS);
    }
    const indices = [...known.keys()].sort((a, b) => a - b);
    if (indices.length === 0) return new Timeline();
    const step = 1 / (video.fps || measuredFps(indices, known) || ASSUMED_FPS);
    const first = firstFrame(indices[0], known.get(indices[0])! - video.firstS, step);
    const last = Math.max(
      indices[indices.length - 1],
      video.frames === null ? 0 : first + video.frames - 1,
    );
    return new Timeline(first, fill(first, last, indices, known, step));
  }

  get length(): number {
    return this.times.length;
  }

  get last(): number {
    return this.first + Math.max(this.length - 1, 0);
  }

  get startS(): number {
    return this.times[0] ?? 0;
  }

  /** When the last frame ends. */
  get endS(): number {
    const n = this.times.length;
    if (n === 0) return 0;
    return this.times[n - 1] + (n > 1 ? this.times[n - 1] - this.times[n - 2] : 1 / ASSUMED_FPS);
  }

  ptsS(frame: number): number {
    return this.times[Math.min(Math.max(frame - this.first, 0), this.length - 1)] ?? 0;
  }

  /** The frame that is shown at a time. */
  frameAt(timeS: number): number {
    let low = 0;
    let high = Math.max(this.length - 1, 0);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.times[middle] <= timeS + ROUNDING_S) low = middle;
      else high = middle - 1;
    }
    return this.first + low;
  }
}

function measuredFps(indices: number[], known: Map<number, number>): number {
  const last = indices[indices.length - 1];
  const spanS = known.get(last)! - known.get(indices[0])!;
  return spanS > 0 ? (last - indices[0]) / spanS : 0;
}

/** The frame that a video begins with, from one that is shown so many seconds later. */
function firstFrame(index: number, laterS: number, step: number): number {
  return Math.max(index - Math.round(laterS / step), 0);
}

function fill(
  first: number,
  last: number,
  indices: number[],
  known: Map<number, number>,
  step: number,
): number[] {
  const times: number[] = [];
  let next = 0;
  for (let frame = first; frame <= last; frame++) {
    while (next < indices.length && indices[next] < frame) next++;
    const before = next > 0 ? indices[next - 1] : undefined;
    const after = next < indices.length ? indices[next] : undefined;
    times.push(timeBetween(frame, before, after, known, step));
  }
  return times;
}

function timeBetween(
  frame: number,
  before: number | undefined,
  after: number | undefined,
  known: Map<number, number>,
  step: number,
): number {
  if (after === frame) return known.get(frame)!;
  if (before === undefined) return Math.max(known.get(after!)! - (after! - frame) * step, 0);
  const beforeS = known.get(before)!;
  if (after === undefined) return beforeS + (frame - before) * step;
  return beforeS + ((known.get(after)! - beforeS) * (frame - before)) / (after - before);
}
