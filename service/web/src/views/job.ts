/** One video: its progress, its people, and the result. */

import type { Row } from "../body/people";
import { fill, h } from "../lib/dom";
import { ago, count } from "../lib/format";
import { draw } from "../lib/icons";
import { button } from "../lib/widgets";
import { type Told, follow } from "../server/follow";
import { Problem, getJson } from "../server/http";
import { type Source, ownJob } from "../server/source";
import { type Job, type Model, isOver } from "../server/types";
import { confirmDelete } from "./dialogs";
import { downloads } from "./downloads";
import { type Screen, screenFor } from "./job_screen";
import { problemBox } from "./problem";
import { progressView } from "./progress";
import { shareButton } from "./share";
import { type View, say } from "./view";

export function jobView(id: string): View {
  return showJob(ownJob(id));
}

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
  private readonly stagePlace = h("div", {}, waiting("Meshes appear here as soon as there are some."));
  private readonly take;
  private readonly note = h("p", { class: "notice", role: "note", hidden: true });
  private screen: Promise<Screen> | undefined;
  private shownState = "";

  constructor(
    private readonly source: Source,
    private readonly parts: Parts,
    private readonly signal: AbortSignal,
  ) {
    this.take = downloads(source.url("result"), source.id, signal);
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

  rows(rows: Row[]): void {
    this.screenOf().then((screen) => screen.player.add(rows), this.failed);
  }

  lost(isLost: boolean): void {
    this.parts.lost.hidden = !isLost;
    this.parts.lost.textContent = isLost ? "The connection was lost; trying again …" : "";
  }

  over(job: Job): void {
    if (job.state !== "succeeded") return;
    this.screenOf().then(async (screen) => {
      await screen.finish(this.signal);
      this.take.setPeople(screen.player.people.tracks.map((track) => track.id));
    }, this.failed);
  }

  failed = (problem: Problem): void => {
    if (this.signal.aborted) return;
    this.parts.title.textContent = "Video";
    fill(this.parts.body, problemBox(problem, homeLink()));
    fill(this.parts.actions);
  };

  dispose(): void {
    this.screen?.then((screen) => screen.dispose()).catch(() => undefined);
  }

  private screenOf(): Promise<Screen> {
    this.screen ??= screenFor(this.source, this.signal).then((screen) => {
      fill(this.stagePlace, screen.element);
      return screen;
    });
    return this.screen;
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
    if (!this.stagePlace.isConnected) {
      fill(body, this.note, this.progress.element, this.stagePlace, this.take.element);
    }
    this.progress.element.hidden = !running; // a video that is moved about would stop
    this.take.element.hidden = running;
    if (!running) noteUntrained(this.note, job, this.signal);
  }
}

function noteUntrained(note: HTMLElement, job: Job, signal: AbortSignal): void {
  note.textContent = "The weights of this model are untrained: its shapes mean nothing.";
  getJson<{ models: Model[] }>("/v1/models", signal)
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
