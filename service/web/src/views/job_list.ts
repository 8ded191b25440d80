/** All jobs, the latest first, kept fresh while any of them runs. */

import { fill, h } from "../lib/dom";
import { ago, count } from "../lib/format";
import type { Cleanup } from "../lib/value";
import { button } from "../lib/widgets";
import { getJson, pause } from "../server/http";
import { isOver, type Job } from "../server/types";
import { headline, problemBox } from "./problem";

const BUSY_MS = 1500;
const IDLE_MS = 15_000;
const PAGE = 24;

interface Answer {
  jobs: Job[];
  next: string | null;
}

export function jobList(cleanup: Cleanup): HTMLElement {
  const list = h("ul", { class: "jobs", "aria-busy": "true" });
  const more = h("div", { class: "more" });
  const box = h("div", {}, list, more);
  const abort = new AbortController();
  cleanup.add(() => abort.abort());
  fill(list, ...Array.from({ length: 3 }, () => h("li", { class: "job ghost" }, h("div"))));
  keepFresh(list, more, abort.signal);
  return box;
}

async function keepFresh(list: HTMLElement, more: HTMLElement, signal: AbortSignal): Promise<void> {
  const cards = new Map<string, Card>();
  let limit = PAGE;
  while (!signal.aborted) {
    let busy = false;
    try {
      const answer = await getJson<Answer>(`/v1/jobs?limit=${limit}`, signal);
      show(list, answer.jobs, cards);
      busy = answer.jobs.some((job) => !isOver(job));
      const grow = () => {
        limit = Math.min(limit + PAGE, 200);
        more.replaceChildren();
      };
      fill(more, answer.next !== null && limit < 200 && button("Show more", grow));
    } catch (error) {
      if (signal.aborted) return;
      fill(more, problemBox(error));
      busy = true;
    }
    list.removeAttribute("aria-busy");
    await pause(busy ? BUSY_MS : IDLE_MS, signal);
  }
}

interface Card {
  element: HTMLLIElement;
  update(job: Job): void;
}

/** Keep cards that are there, so that focus and pictures stay. */
function show(list: HTMLElement, jobs: Job[], cards: Map<string, Card>): void {
  for (const job of jobs) {
    if (!cards.has(job.id)) cards.set(job.id, jobCard(job));
    cards.get(job.id)?.update(job);
  }
  const wanted: Element[] = jobs.map((job) => cards.get(job.id)!.element);
  if (wanted.length === 0) {
    wanted.push(
      h("li", { class: "empty" }, "Nothing here yet. The first video you send shows up here."),
    );
  }
  const same =
    wanted.length === list.children.length && wanted.every((el, i) => el === list.children[i]);
  if (!same) fill(list, ...wanted);
}

function jobCard(job: Job): Card {
  const picture = h("div", { class: "thumb" });
  const state = h("span", { class: "state" });
  const facts = h("span", { class: "quiet" });
  const bar = h("progress", { max: 1, "aria-hidden": "true" });
  const element = h(
    "li",
    { class: "job" },
    h(
      "a",
      { href: `#/jobs/${job.id}` },
      picture,
      h("span", { class: "job-name" }, job.filename ?? "Video"),
      h("span", { class: "job-row" }, state, facts),
      bar,
    ),
  );
  let drawn = false;
  return {
    element,
    update: (now) => {
      element.dataset.state = now.state;
      state.textContent = stateWords(now);
      facts.textContent = [
        now.state === "succeeded" && count(now.people, "person", "people"),
        ago(now.created_at),
      ]
        .filter(Boolean)
        .join(" · ");
      bar.hidden = isOver(now);
      bar.value = progressOf(now);
      if (now.state === "succeeded" && !drawn) {
        drawn = true;
        thumbnail(picture, now.id);
      }
    },
  };
}

function thumbnail(host: HTMLElement, id: string): void {
  const image = h("img", { alt: "", loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.remove());
  image.src = `/v1/jobs/${id}/thumbnail.jpg?wait=60`;
  host.append(image);
}

export function stateWords(job: Job): string {
  switch (job.state) {
    case "queued":
      return "Waiting";
    case "running":
      return `${Math.round(100 * progressOf(job))} %`;
    case "succeeded":
      return "Done";
    case "cancelled":
      return "Cancelled";
    case "failed":
      return headline(job.error?.code ?? "internal");
  }
}

/** How far a job is in all, from 0 to 1: half of it is looking, half is the network. */
export function progressOf(job: Job): number {
  const { decode, network } = job.progress;
  const looked = decode.expected ? Math.min(decode.done / decode.expected, 1) : 0;
  const answered = network.expected ? network.done / network.expected : 0;
  return (looked + Math.min(answered, 1)) / 2;
}
