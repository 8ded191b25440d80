/** Following a job: how it stands, and rows as they are committed; resumes when it was lost. */

import type { Row } from "../body/people";
import { type Frames, readFrames } from "./frames";
import { Problem, getJson, pause } from "./http";
import type { Source } from "./source";
import { type Job, isOver } from "./types";

/** What a follower is told. */
export interface Told {
  job(job: Job): void;
  rows(rows: Row[]): void;
  /** The connection was lost, or is there again. */
  lost(isLost: boolean): void;
  /** All there will be has been told. */
  over(job: Job): void;
  /** It cannot go on. */
  failed(problem: Problem): void;
}

const LEAST_BETWEEN_MS = 250;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];

/** Follow until it is over or `signal` says so. */
export async function follow(source: Source, told: Told, signal: AbortSignal): Promise<void> {
  const bell = new Bell();
  const stop = listen(source, bell);
  signal.addEventListener("abort", () => {
    stop();
    bell.ring();
  });
  let after = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const job = await getJson<Job>(source.url(), signal);
      told.job(job);
      after = await takeRows(source, job, after, told, signal);
      if (failures > 0) told.lost(false);
      failures = 0;
      if (isOver(job)) {
        stop();
        return told.over(job);
      }
      await bell.rung(2000);
      await pause(LEAST_BETWEEN_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      const problem = Problem.from(error);
      if (!isPassing(problem)) {
        stop();
        return told.failed(problem);
      }
      told.lost(true);
      await pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)], signal);
    }
  }
}

async function takeRows(
  source: Source,
  job: Job,
  after: number,
  told: Told,
  signal: AbortSignal,
): Promise<number> {
  if (job.progress.network.done === 0) return after;
  const found: Frames = await readFrames(source, after, signal);
  if (found.rows.length > 0) told.rows(found.rows);
  return found.after;
}

/** Whether it is worth trying again without the user's doing. */
function isPassing(problem: Problem): boolean {
  return problem.status === 0 || problem.status === 429 || problem.status >= 502;
}

/** Rings for every event; the browser connects again by itself where it can. */
function listen(source: Source, bell: Bell): () => void {
  const events = new EventSource(source.url("events"));
  for (const kind of ["decoding", "person_found", "progress", "clip_committed", "finished"]) {
    events.addEventListener(kind, () => bell.ring());
  }
  events.addEventListener("finished", () => events.close());
  return () => events.close();
}

class Bell {
  private wake: () => void = () => undefined;
  private pending = false;

  ring(): void {
    this.pending = true;
    this.wake();
  }

  /** Wait until it rings; it may have done so already. */
  async rung(timeoutMs: number): Promise<void> {
    if (!this.pending) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
        setTimeout(resolve, timeoutMs);
      });
    }
    this.pending = false;
  }
}
