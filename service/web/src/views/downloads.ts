/** The result in every form, for everybody or one person. */

import { fill, h } from "../lib/dom";
import { draw } from "../lib/icons";
import { Value } from "../lib/value";
import { segmented, select } from "../lib/widgets";
import { Problem, pause, send } from "../server/http";
import type { Source } from "../server/source";
import type { Smoothing } from "../server/types";
import { problemBox } from "./problem";
import { say } from "./view";

const FORMS = [
  ["glb", "GLB", "Animated scene for Blender, phones, game engines"],
  ["mp4", "MP4", "The video with the meshes drawn over it"],
  ["npz", "NPZ", "All arrays, for NumPy"],
  ["zip", "OBJ", "A file per person and frame, zipped"],
  ["json", "JSON", "Everything as text"],
  ["png", "PNG", "Four frames on a sheet"],
] as const;

const SMOOTHING = [
  { value: "off", label: "Off" },
  { value: "light", label: "Light" },
  { value: "strong", label: "Strong" },
] as const satisfies readonly { value: Smoothing; label: string }[];

export interface Downloads {
  element: HTMLElement;
  setPeople(ids: readonly number[]): void;
}

export function downloads(
  source: Source,
  smooth: Value<Smoothing>,
  signal: AbortSignal,
): Downloads {
  const track = new Value<string>("");
  const who = h("span", {});
  const trouble = h("div", { class: "trouble" });
  const items = FORMS.map(([form, title, what]) => {
    const item = h("button", { type: "button", class: "download" });
    const rest = [
      draw("download"),
      h("span", { class: "download-name" }, title),
      h("span", { class: "quiet" }, what),
    ];
    fill(item, ...rest);
    item.addEventListener("click", async () => {
      trouble.replaceChildren();
      item.setAttribute("aria-busy", "true");
      item.disabled = true;
      try {
        await download(source, { format: form, track: track.get(), smooth: smooth.get() }, signal);
        say(`${title} is downloading`);
      } catch (error) {
        if (!signal.aborted) fill(trouble, problemBox(error));
      }
      item.disabled = false;
      item.removeAttribute("aria-busy");
    });
    return h("li", {}, item);
  });
  const element = h(
    "section",
    { class: "card downloads" },
    h(
      "div",
      { class: "downloads-head" },
      h("h2", {}, "Take it with you"),
      h(
        "div",
        { class: "downloads-options" },
        who,
        h("span", { class: "quiet", title: "Of the player and of the files" }, "Smoothing"),
        segmented("Smoothing", smooth, SMOOTHING),
      ),
    ),
    h("ul", { class: "forms" }, items),
    trouble,
  );
  return {
    element,
    setPeople: (ids) => {
      const people = ids.map((id) => ({ value: String(id), label: `Person ${id}` }));
      const choices = [{ value: "", label: "Everybody" }, ...people];
      fill(who, ids.length > 1 && select("Who", track, choices));
    },
  };
}

/** Wait until the file is made, then let the browser fetch it. */
async function download(
  source: Source,
  wish: { format: string; track: string; smooth: Smoothing },
  signal: AbortSignal,
): Promise<void> {
  const { track, ...query } = wish;
  const url = source.url("result", track ? { ...query, track } : query);
  if (wish.format !== "npz" && wish.format !== "json") await made(url, signal);
  const link = h("a", { href: url, download: "" });
  document.body.append(link);
  link.click();
  link.remove();
}

async function made(url: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const abort = new AbortController();
    const stop = () => abort.abort();
    signal.addEventListener("abort", stop);
    const answer = await send(`${url}&wait=20`, { signal: abort.signal });
    const ready = answer.status === 200;
    abort.abort(); // the head tells; the browser fetches the rest by itself
    signal.removeEventListener("abort", stop);
    if (ready) return;
    await pause(200, signal);
  }
  throw new Problem("page_left", "The page was left.");
}
