/** Numbers over people's heads, where there are several. */

import { h } from "../lib/dom";
import { personCss } from "./material";
import type { Player } from "./player";

/** So tall is a label: above the upper edge there is no place for one. */
const TALL_PX = 24;

/** Return what moves the numbers after each picture; they lie over the canvas. */
export function labels(player: Player, host: HTMLElement, canvas: HTMLCanvasElement): () => void {
  const known = new Map<number, HTMLElement>();
  return () => {
    if (host.parentElement !== canvas.parentElement) canvas.after(host);
    const { tracks } = player.people;
    for (const { id } of tracks) {
      const at = tracks.length > 1 ? player.labelAt(id) : undefined;
      let label = known.get(id);
      if (!at && !label) continue;
      if (!label) {
        label = h("span", { class: "label" }, id);
        label.style.setProperty("--colour", personCss(id));
        known.set(id, label);
        host.append(label);
      }
      label.hidden = !at;
      if (at) label.style.transform = position(at, host);
    }
  };
}

function position([x, y]: [number, number], host: HTMLElement): string {
  const below = Math.max(y * host.clientHeight, TALL_PX);
  return `translate(${x * host.clientWidth}px, ${below}px) translate(-50%, -100%)`;
}
