/** One video: its progress, its people, and the result. */

import type { Row } from "../body/people";
import { fill, h } from "../lib/dom";
import { ago, count } from "../lib/format";
import { draw } from "../lib/icons";
import { button } from "../lib/widgets";
import { follow, type Told } from "../server/follow";
import type { Meta } from "../server/frames";
import { getJson, Problem } from "../server/http";
import type { Source } from "../server/source";
import { isOver, type Job, type Model } from "../server/types";
import { confirmDelete } from "./dialogs";
import { type Downloads, downloads } from "./downloads";
import { JobScreen } from "./job_screen";
import { problemBox } from "./problem";
import { progressView } from "./progress";
import { shareButton } from "./share";
import { say, type View } from "./view";

export function showJob(source: Source): View {
  const abort = new AbortController();
  const title = h("h1", {}, "…");
  const facts = h("p", { class: "quiet" });
  const actions = h("div", { class: "actions" });
  const lost = h("p", { class: "notice lost", role: "status", hidden: true });
  const body = h("div", { class: "job-body" }, waiting("Opening …"));
  const element = h(
    "div",
    { class: "job-page" },
    h(
      "div",
      { class: "job-head" },
      h("div", { class: "titles" }, !source.readOnly && crumb(), title, facts),
      actions,
    ),
    lost,
    body,
  );
  const page = new JobPage(source, { title, facts, actions, lost, body }, abort.signal);
  follow(source, page, abort.signal);
  return {
    title: "RemoCap",
    element,
    dispose: () => {
      abort.abort();
      page.dispose();
    },
  };
}

interface Parts {
  title: HTMLElement;
  facts: HTMLElement;
  actions: HTMLElement;
  lost: HTMLElement;
  body: HTMLElement;
}

class JobPage implements Told {
  private readonly progress = progressView();
  private readonly screen: JobScreen;
  private readonly take: Downloads;
  private readonly note = h("p", { class: "notice", role: "note", hidden: true });
  private shownState = "";

  constructor(
    private readonly source: Source,
    private readonly parts: Parts,
    private readonly signal: AbortSignal,
  ) {
    this.screen = new JobScreen(
      source,
      signal,
      waiting("Meshes appear here as soon as there are some."),
    );
    this.take = downloads(source, this.screen.smooth, signal);
  }

  job(job: Job): void {
    const name = job.filename ?? "Video";
    this.parts.title.textContent = name;
    document.title = `${name} · RemoCap`;
    this.parts.facts.textContent = [
      isOver(job) && job.state === "succeeded" && count(job.people, "person", "people"),
      job.model,
      ago(job.created_at),
    ]
      .filter(Boolean)
      .join(" · ");
    this.progress.update(job);
    if (job.state === this.shownState) return;
    if (this.shownState !== "") say(`${name}: ${job.state}`);
    this.shownState = job.state;
    this.arrange(job);
  }

  meta(meta: Meta): void {
    this.screen.prepare(meta).catch(this.failed);
  }

  rows(rows: Row[]): void {
    this.screen.add(rows).catch(this.failed);
  }

  lost(isLost: boolean): void {
    this.parts.lost.hidden = !isLost;
    this.parts.lost.textContent = isLost ? "The connection was lost; trying again …" : "";
  }

  over(job: Job): void {
    if (job.state !== "succeeded") return;
    this.screen.finish(job.smooth).then(this.take.setPeople, this.failed);
  }

  failed = (problem: unknown): void => {
    if (this.signal.aborted) return;
    this.parts.title.textContent = "Video";
    fill(this.parts.body, problemBox(problem, homeLink()));
    fill(this.parts.actions);
  };

  dispose(): void {
    this.screen.dispose();
  }

  private arrange(job: Job): void {
    const { actions, body } = this.parts;
    const running = !isOver(job);
    const end = button(
      running ? "Cancel" : "Delete",
      () => confirmDelete(this.source, job),
      "button",
      running ? "close" : "trash",
    );
    const share = job.state === "succeeded" && shareButton(this.source);
    fill(actions, ...(this.source.readOnly ? [] : [share, end]));
    if (!running && job.state !== "succeeded") {
      const { code, message } = job.error ?? { code: job.state, message: `It was ${job.state}` };
      fill(body, problemBox(new Problem(code, message), homeLink()));
      return;
    }
    if (!this.screen.element.isConnected) {
      fill(body, this.note, this.progress.element, this.screen.element, this.take.element);
    }
    this.progress.element.hidden = !running; // a video that is moved about would stop
    this.take.element.hidden = running;
    if (!running) noteUntrained(this.note, job, this.source, this.signal);
  }
}

function noteUntrained(note: HTMLElement, job: Job, source: Source, signal: AbortSignal): void {
  note.textContent = "The weights of this model are untrained: its shapes mean nothing.";
  getJson<{ models: Model[] }>(source.with("/v1/models"), signal)
    .then(({ models }) => {
      note.hidden = models.find((model) => model.name === job.model)?.trained !== false;
    })
    .catch(() => undefined);
}

function waiting(words: string): HTMLElement {
  return h("div", { class: "waiting" }, h("div", { class: "spinner" }), h("p", {}, words));
}

function crumb(): HTMLElement {
  return h("a", { class: "crumb", href: "#/" }, draw("back"), "All videos");
}

function homeLink(): HTMLElement {
  return h("a", { class: "button", href: "#/" }, "Send another video");
}
