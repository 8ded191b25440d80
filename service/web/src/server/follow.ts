/** Following a job: how it stands, and its rows as they are committed; resumes when it was lost. */

import type { Row } from "../body/people";
import { type Meta, readMessages } from "./frames";
import { getJson, Problem, pause, send } from "./http";
import type { Source } from "./source";
import { isOver, type Job, type Smoothing } from "./types";

/** What a follower is told. */
export interface Told {
  job(job: Job): void;
  meta(meta: Meta): void;
  rows(rows: Row[]): void;
  /** The connection was lost, or is there again. */
  lost(isLost: boolean): void;
  /** The job ended; it will not change any more. */
  over(job: Job): void;
  /** It cannot go on. */
  failed(problem: Problem): void;
}

const LEAST_BETWEEN_MS = 250;
const RECHECK_MS = 3000;
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const KINDS = ["accepted", "decoding", "person_found", "progress", "clip_committed", "finished"];

/** Follow until it is over or `signal` says so. */
export async function follow(source: Source, told: Told, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  signal.addEventListener("abort", () => over.abort());
  try {
    const job = await insist(told, signal, () => getJson<Job>(source.url(), signal));
    told.job(job);
    if (isOver(job)) return told.over(job);
    streamRows(source, told, over.signal);
    const ended = await watch(source, told, signal);
    over.abort();
    told.over(ended);
  } catch (error) {
    over.abort();
    if (!signal.aborted) told.failed(Problem.from(error));
  }
}

/** Tell how a job stands whenever something happens to it, until it is over. */
async function watch(source: Source, told: Told, signal: AbortSignal): Promise<Job> {
  const bell = new Bell();
  const events = new EventSource(source.url("events")); // comes again by itself, and misses nothing
  for (const kind of KINDS) events.addEventListener(kind, () => bell.ring());
  events.addEventListener("finished", () => events.close());
  try {
    while (true) {
      const job = await insist(told, signal, () => getJson<Job>(source.url(), signal));
      told.job(job);
      if (isOver(job)) return job;
      await bell.rung(RECHECK_MS, signal);
      await pause(LEAST_BETWEEN_MS, signal);
    }
  } finally {
    events.close();
  }
}

/** Tell the rows of a running job; where that fails, those of the finished one will do. */
async function streamRows(source: Source, told: Told, signal: AbortSignal): Promise<void> {
  let after = 0;
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      const url = source.url("frames", { after: String(after), encoding: "int16" });
      const answer = await send(url, { signal });
      for await (const message of readMessages(answer.body!)) {
        if (message.kind === "meta") told.meta(message.meta);
        if (message.kind === "end") return;
        if (message.kind !== "rows") continue;
        after = message.number;
        failures = 0;
        told.rows(message.rows);
      }
    } catch (error) {
      if (signal.aborted || !isPassing(Problem.from(error))) return;
    }
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], signal);
  }
}

/** Rows of a finished job, in all and exact: sorted by person and time, short gaps filled. */
export async function* finishedRows(
  source: Source,
  smooth: Smoothing,
  signal: AbortSignal,
): AsyncGenerator<Meta | Row[]> {
  const query = { smooth, follow: "false" };
  let after = 0;
  for (let failures = 0; ; failures++) {
    try {
      const answer = await send(source.url("frames", { ...query, after: String(after) }), {
        signal,
      });
      for await (const message of readMessages(answer.body!)) {
        if (message.kind === "end") return;
        if (message.kind === "meta") yield message.meta;
        if (message.kind !== "rows") continue;
        after = message.number;
        yield message.rows;
      }
      return;
    } catch (error) {
      const problem = Problem.from(error);
      if (signal.aborted || !isPassing(problem) || failures >= RETRY_MS.length) throw problem;
      await pause(RETRY_MS[failures], signal);
    }
  }
}

/** Try until it works or cannot; tell when the connection was lost, and when it is back. */
async function insist<T>(told: Told, signal: AbortSignal, ask: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures++) {
    try {
      const answer = await ask();
      told.lost(false);
      return answer;
    } catch (error) {
      const problem = Problem.from(error);
      if (signal.aborted || !isPassing(problem)) throw problem;
      told.lost(true);
      await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)], signal);
    }
  }
}

/** Whether it is worth trying again without the user's doing. */
function isPassing(problem: Problem): boolean {
  const { code, status } = problem;
  return code === "unreachable" || code === "page_error" || status === 429 || status >= 502;
}

class Bell {
  private wake: () => void = () => undefined;
  private pending = false;

  ring(): void {
    this.pending = true;
    this.wake();
  }

  /** Wait until it rings; it may have done so already. */
  async rung(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (!this.pending) {
      const stop = new AbortController();
      signal.addEventListener("abort", () => stop.abort());
      this.wake = () => stop.abort();
      await pause(timeoutMs, stop.signal);
    }
    this.pending = false;
  }
}
