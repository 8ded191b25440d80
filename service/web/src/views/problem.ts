/** What went wrong, its code, and what to do about it. */

import { h } from "../lib/dom";
import { draw } from "../lib/icons";
import { Problem } from "../server/http";

/** Codes whose messages are written for programs; in words of this page instead. */
const HEADLINES: Record<string, string> = {
  no_person_found: "Nobody was found in this video",
  not_a_video: "This file is not a video",
  undecodable_video: "This video cannot be read",
  video_too_long: "This video is too long",
  upload_too_large: "This video is too large",
  upload_incomplete: "The video did not arrive whole",
  unreachable: "The server does not answer",
  model_unavailable: "No worker runs this model now",
  service_over_limit: "The server is busy",
  tenant_over_limit: "You have too much in the queue",
  unknown_job: "There is no such video",
  job_deleted: "This video was deleted",
  upload_cancelled: "The upload was cancelled",
  disk_full: "The server's disk is full",
};

export function headline(code: string): string {
  return HEADLINES[code] ?? "This did not work";
}

export function problemBox(error: unknown, ...actions: HTMLElement[]): HTMLElement {
  const problem = Problem.from(error);
  return h(
    "div",
    { class: "problem", role: "alert" },
    draw("warning"),
    h(
      "div",
      {},
      h("h2", {}, headline(problem.code)),
      h("p", {}, sentence(problem.detail)),
      problem.retryAfterS && h("p", {}, `Worth another try in ${problem.retryAfterS} s.`),
      h("p", { class: "quiet" }, "Code ", h("code", {}, problem.code)),
      actions.length > 0 && h("div", { class: "actions" }, actions),
    ),
  );
}

/** The service writes clauses: `value; expectation; remedy`. */
function sentence(detail: string): string {
  const text = detail.trim();
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
