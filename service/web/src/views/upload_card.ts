/** Where a video is dropped, chosen or recorded, and what is to be done with it. */

import { fill, h } from "../lib/dom";
import { fileSize } from "../lib/format";
import { draw } from "../lib/icons";
import { type Cleanup, Value } from "../lib/value";
import { button, segmented, select } from "../lib/widgets";
import { getJson } from "../server/http";
import type { Model, Smoothing } from "../server/types";
import { type Upload, upload } from "../server/upload";
import { problemBox } from "./problem";
import { canRecord, recorder } from "./recorder";
import { say } from "./view";

const SMOOTHING: readonly { value: Smoothing; label: string }[] = [
  { value: "off", label: "Off" },
  { value: "light", label: "Light" },
  { value: "strong", label: "Strong" },
];
const PEOPLE = ["", "1", "2", "3", "4", "6", "8"] as const;

interface Chosen {
  model: Value<string>;
  people: Value<string>;
  smooth: Value<Smoothing>;
}

export function uploadCard(cleanup: Cleanup): HTMLElement {
  const card = h("div", { class: "card upload" });
  const chosen: Chosen = {
    model: new Value(""),
    people: new Value(""),
    smooth: new Value<Smoothing>("light"),
  };
  const settings = options(chosen);
  let sending: Upload | undefined;
  cleanup.add(() => sending?.cancel());

  const start = (video: Blob, name: string) => {
    const bar = sendingBar(video, name, () => sending?.cancel());
    fill(card, bar.element);
    sending = upload(video, name, asked(chosen), bar.show);
    sending.done.then(
      (id) => {
        sending = undefined;
        say(`${name} was sent`);
        location.hash = `#/jobs/${id}`;
      },
      (problem) => {
        sending = undefined;
        ready(problem);
      },
    );
  };
  const record = () => {
    const view = recorder(
      (video) => start(video, "recording.webm"),
      (problem) => ready(problem),
    );
    cleanup.add(view.dispose);
    fill(card, view.element);
  };
  const ready = (problem?: unknown) => {
    const zone = dropZone(start, record);
    fill(card, problem !== undefined && problemBox(problem), zone, settings);
  };
  ready();
  return card;
}

function asked(chosen: Chosen) {
  return {
    model: chosen.model.get() || null,
    maxPeople: Number(chosen.people.get()) || null,
    smooth: chosen.smooth.get(),
  };
}

function dropZone(start: (video: Blob, name: string) => void, record: () => void): HTMLElement {
  const input = h("input", {
    type: "file",
    accept: "video/*,.mkv,.avi,.ts",
    class: "hidden",
    "aria-label": "Choose a video",
    onchange: () => take(input.files),
  });
  const take = (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file) start(file, file.name);
  };
  const zone = h(
    "div",
    {
      class: "drop",
      ondragover: (event: DragEvent) => {
        event.preventDefault();
        zone.classList.add("over-it");
      },
      ondragleave: () => zone.classList.remove("over-it"),
      ondrop: (event: DragEvent) => {
        event.preventDefault();
        zone.classList.remove("over-it");
        take(event.dataTransfer?.files);
      },
    },
    h("span", { class: "drop-icon" }, draw("upload")),
    h("p", { class: "drop-title" }, h("span", { class: "wide-only" }, "Drop a video here, or")),
    h(
      "div",
      { class: "actions" },
      button("Choose a video", () => input.click(), "button primary"),
      canRecord() && button("Record", record, "button", "camera"),
    ),
    h(
      "p",
      { class: "quiet" },
      "mp4, mov, webm, mkv, avi. It goes to your own server and nowhere else.",
    ),
    input,
  );
  return zone;
}

function options(chosen: Chosen): HTMLElement {
  const note = h("p", { class: "notice", role: "note", hidden: true });
  const models = h("span", { class: "model" }, "…");
  getJson<{ models: Model[] }>("/v1/models")
    .then((answer) => {
      const known = answer.models;
      const preset = known.find((model) => model.default) ?? known[0];
      chosen.model.set(preset?.name ?? "");
      const choices = known.map(({ name }) => ({ value: name, label: name }));
      fill(models, select("Model", chosen.model, choices));
      chosen.model.watch((name) =>
        explain(
          note,
          known.find((model) => model.name === name),
        ),
      );
    })
    .catch(() => fill(models, "the server's default"));
  const people = PEOPLE.map((value) => ({
    value: value as string,
    label: value === "" ? "Everybody" : `At most ${value}`,
  }));
  return h(
    "div",
    { class: "options" },
    h("div", { class: "option" }, h("span", { class: "option-name" }, "Model"), models),
    h(
      "div",
      { class: "option" },
      h("span", { class: "option-name" }, "People"),
      select("People", chosen.people, people),
    ),
    h(
      "div",
      { class: "option" },
      h("span", { class: "option-name" }, "Smoothing"),
      segmented("Smoothing", chosen.smooth, SMOOTHING),
    ),
    note,
  );
}

function explain(note: HTMLElement, model: Model | undefined): void {
  const untrained = model !== undefined && !model.trained;
  const idle = model !== undefined && model.workers === 0;
  note.hidden = !untrained && !idle;
  note.textContent = untrained
    ? "The weights of this model are untrained: its shapes mean nothing."
    : "No worker runs this model at the moment; your video will wait for one.";
}

function sendingBar(video: Blob, name: string, cancel: () => void) {
  const bar = h("progress", { max: 1, value: 0, "aria-label": `Sending ${name}` });
  const words = h("p", { class: "quiet" }, "Sending …");
  return {
    element: h(
      "div",
      { class: "sending" },
      h("p", { class: "sending-name" }, name),
      bar,
      h("div", { class: "sending-row" }, words, button("Cancel", cancel)),
    ),
    show: (sent: number, total: number) => {
      bar.value = sent / Math.max(total, 1);
      words.textContent =
        sent < total
          ? `${fileSize(sent)} of ${fileSize(video.size)} sent`
          : "Sent; the server is taking it in";
    },
  };
}
