/** Play, scrub, speed: the bar under the picture. */

import { h } from "../lib/dom";
import { clockTime } from "../lib/format";
import { draw } from "../lib/icons";
import { Value } from "../lib/value";
import { select } from "../lib/widgets";
import { personCss } from "./material";
import type { Player } from "./player";

const SPEEDS = ["0.1", "0.25", "0.5", "1", "2"] as const;
const MAX_LANES_PX = 28;

export function transport(player: Player): HTMLElement {
  return h(
    "div",
    { class: "transport" },
    playButton(player),
    h("div", { class: "track" }, lanes(player), scrubber(player)),
    timeShown(player),
    loopButton(player),
    speedSelect(player),
  );
}

function playButton(player: Player): HTMLButtonElement {
  const button = h("button", {
    type: "button",
    class: "play",
    title: "Space",
    onclick: () => player.playing.flip(),
  });
  player.playing.watch((playing) => {
    button.replaceChildren(draw(playing ? "pause" : "play"));
    button.setAttribute("aria-label", playing ? "Pause" : "Play");
  });
  return button;
}

function scrubber(player: Player): HTMLInputElement {
  const slider = h("input", {
    type: "range",
    class: "scrubber",
    min: 0,
    max: 0,
    step: 1,
    "aria-label": "Frame",
    oninput: () => {
      player.playing.set(false);
      player.seekFrame(Number(slider.value));
    },
  });
  player.extent.watch(() => {
    slider.min = String(player.timeline.first);
    slider.max = String(player.timeline.last);
    slider.value = String(player.frame.get());
  });
  player.frame.watch((frame) => {
    slider.value = String(frame);
    const { first, last } = player.timeline;
    slider.style.setProperty("--done", String((frame - first) / Math.max(last - first, 1)));
    slider.setAttribute("aria-valuetext", `frame ${frame}, ${clockTime(player.timeS(frame), 2)}`);
  });
  return slider;
}

/** When each person is in the picture, as stripes of their colour. */
function lanes(player: Player): HTMLCanvasElement {
  const canvas = h("canvas", { class: "lanes", "aria-hidden": "true" });
  const paint = () => paintLanes(canvas, player);
  player.extent.watch(paint);
  player.hidden.watch(paint);
  new ResizeObserver(paint).observe(canvas);
  return canvas;
}

function paintLanes(canvas: HTMLCanvasElement, player: Player): void {
  const { tracks } = player.people;
  const gap = tracks.length > 9 ? 1 : 2;
  const lane = Math.max(Math.min(4, MAX_LANES_PX / Math.max(tracks.length, 1) - gap), 1);
  const ratio = devicePixelRatio;
  canvas.style.height = `${Math.min(tracks.length * (lane + gap), 72)}px`;
  canvas.width = canvas.clientWidth * ratio;
  canvas.height = canvas.clientHeight * ratio;
  const context = canvas.getContext("2d");
  if (!context) return;
  const { first, length } = player.timeline;
  const frameWidth = canvas.width / Math.max(length, 1);
  tracks.forEach((track, row) => {
    context.globalAlpha = player.hidden.get().has(track.id) ? 0.25 : 1;
    context.fillStyle = personCss(track.id);
    for (const [from, to] of track.stretches()) {
      const x = (from - first) * frameWidth;
      context.fillRect(x, row * (lane + gap) * ratio, (to - from + 1) * frameWidth, lane * ratio);
    }
  });
}

function timeShown(player: Player): HTMLElement {
  const shown = h("output", { class: "time", "aria-live": "off" });
  const write = () => {
    const at = clockTime(player.timeS(player.frame.get()));
    shown.textContent = `${at} / ${clockTime(player.timeline.endS - player.timeline.startS)}`;
  };
  player.frame.watch(write);
  player.extent.watch(write);
  return shown;
}

function loopButton(player: Player): HTMLButtonElement {
  const button = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": "Repeat",
      title: "Repeat",
      onclick: () => player.loop.flip(),
    },
    draw("loop"),
  );
  player.loop.watch((on) => button.setAttribute("aria-pressed", String(on)));
  return button;
}

function speedSelect(player: Player): HTMLSelectElement {
  const speed = new Value<string>("1");
  speed.watch((value) => player.speed.set(Number(value)));
  return select(
    "Speed",
    speed,
    SPEEDS.map((value) => ({ value, label: `${value}×` })),
  );
}
