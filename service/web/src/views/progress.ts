/** How far a job is: each stage, and who was found. */

import { h } from "../lib/dom";
import { count } from "../lib/format";
import type { Job, Stage } from "../server/types";

export interface ProgressView {
  element: HTMLElement;
  update(job: Job): void;
}

export function progressView(): ProgressView {
  const decode = stage("Looking for people");
  const network = stage("Shaping their bodies");
  const found = h("p", { class: "found" });
  const element = h(
    "section",
    { class: "card progress", "aria-label": "Progress" },
    h("ol", { class: "stages" }, decode.element, network.element),
    found,
  );
  return {
    element,
    update: (job) => {
      decode.update(job.progress.decode, "frame");
      network.update(job.progress.network, "window");
      found.textContent =
        job.state === "queued"
          ? "Waiting for its turn."
          : job.people === 0
            ? "Nobody found yet."
            : `${count(job.people, "person", "people")} found so far.`;
    },
  };
}

function stage(name: string) {
  const bar = h("progress", { max: 1, "aria-label": name });
  const words = h("span", { class: "quiet" });
  const element = h("li", {}, h("div", { class: "stage-head" }, h("span", {}, name), words), bar);
  return {
    element,
    update: ({ done, expected }: Stage, unit: string) => {
      const total = Math.max(expected ?? 0, done);
      words.textContent =
        expected === null
          ? done > 0
            ? count(done, unit)
            : ""
          : `${done.toLocaleString()} of ${count(total, unit)}`;
      if (expected === null && done > 0) bar.removeAttribute("value");
      else bar.value = total > 0 ? done / total : 0;
    },
  };
}
