/** The player as one sees it: picture, bar, panel, keys. */

import type { Pinhole } from "../body/camera";
import type { Topology } from "../body/topology";
import { h } from "../lib/dom";
import { type Choice, iconButton, segmented } from "../lib/widgets";
import { labels } from "./labels";
import { panel } from "./panel";
import { type Mode, Player, type VideoFacts } from "./player";
import { transport } from "./transport";

const MODES = [
  { value: "beside", label: "Side by side", short: "Both" },
  { value: "over", label: "Over the video", short: "Over" },
  { value: "scene", label: "3D only", short: "3D" },
] as const satisfies readonly Choice<Mode>[];

declare global {
  interface Window {
    /** For the console: `remocap.player.vertices(1)`. */
    remocap?: { player: Player };
  }
}

export interface PlayerView {
  element: HTMLElement;
  player: Player;
  dispose(): void;
}

export function playerView(topology: Topology, pinhole: Pinhole, facts: VideoFacts): PlayerView {
  const video = h("video", { muted: true, playsinline: true, preload: "auto", loop: true });
  video.muted = true;
  const canvas = h("canvas", {
    tabindex: 0,
    role: "img",
    "aria-label": "People in 3D. Arrow keys turn the view, plus and minus zoom.",
  });
  const over = h("div", { class: "over" });
  const frame = h("div", { class: "frame" }, video, over);
  frame.style.setProperty("--aspect", String(pinhole.width / pinhole.height));
  const names = h("div", { class: "labels", "aria-hidden": "true" });
  const room = h("div", { class: "room" }, canvas);
  const stage = h(
    "div",
    { class: "stage" },
    h("div", { class: "pane pane-video" }, frame),
    h("div", { class: "pane pane-room" }, room),
  );
  const element = h("section", { class: "player", "aria-label": "Player" });
  element.append(stage);
  const player = new Player({ root: element, canvas, video, room, over }, topology, pinhole, facts);
  player.onDrawn = labels(player, names, canvas);
  const modes = segmented("Layout", player.mode, MODES);
  player.hasVideo.watch((has) => {
    for (const input of modes.querySelectorAll("input")) {
      input.disabled = !has && input.value !== "scene";
    }
    modes.title = has ? "" : "The video's preview is still being made";
    if (has) player.mode.set("beside");
  });
  const bar = h(
    "div",
    { class: "player-bar" },
    modes,
    h(
      "div",
      { class: "player-tools" },
      iconButton("photo", "Save this picture", () => savePicture(player)),
      iconButton("full", "Full screen", () => toggleFullScreen(element)),
    ),
  );
  element.replaceChildren(
    h("div", { class: "screen" }, bar, stage, transport(player)),
    panel(player),
  );
  const onKey = (event: KeyboardEvent) => shortcut(event, player);
  document.addEventListener("keydown", onKey);
  window.remocap = { player };
  return {
    element,
    player,
    dispose: () => {
      document.removeEventListener("keydown", onKey);
      delete window.remocap;
      player.dispose();
    },
  };
}

async function savePicture(player: Player): Promise<void> {
  const url = URL.createObjectURL(await player.picture());
  h("a", { href: url, download: `frame-${player.frame.get()}.png` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function toggleFullScreen(element: HTMLElement): void {
  if (document.fullscreenElement) document.exitFullscreen();
  else element.requestFullscreen?.().catch(() => undefined);
}

/** Keys that work wherever nothing else wants them. */
function shortcut(event: KeyboardEvent, player: Player): void {
  const target = event.target as HTMLElement;
  const wanted = target.closest("input, select, textarea, button, a, dialog, [contenteditable]");
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (wanted && (event.key === " " || !(target instanceof HTMLButtonElement))) return;
  const keys: Record<string, () => void> = {
    " ": () => player.playing.flip(),
    ",": () => player.stepFrames(-1),
    ".": () => player.stepFrames(1),
    w: () => player.wireframe.flip(),
    j: () => player.joints.flip(),
    f: () => player.floor.flip(),
  };
  const act = keys[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
}
