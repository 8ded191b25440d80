/** Answers of the REST interface (`/v1/openapi.json`), as far as the page reads them. */

export type JobState = "queued" | "running" | "succeeded" | "failed" | "cancelled";

export interface Stage {
  done: number;
  expected: number | null;
}

export interface Fault {
  code: string;
  message: string;
}

export interface Job {
  id: string;
  state: JobState;
  model: string;
  weights_sha256: string;
  filename: string | null;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  people: number;
  smooth: Smoothing;
  progress: { decode: Stage; network: Stage };
  error: Fault | null;
}

export interface Model {
  name: string;
  body: string;
  trained: boolean;
  licence: string;
  description: string;
  default: boolean;
  workers: number;
}

export type Smoothing = "off" | "light" | "strong";

export interface Options {
  model: string | null;
  maxPeople: number | null;
  smooth: Smoothing;
}

export const isOver = (job: Job): boolean =>
  job.state === "succeeded" || job.state === "failed" || job.state === "cancelled";
