/** Who is shown, and how: the panel beside the picture. */

import { fill, h } from "../lib/dom";
import { count } from "../lib/format";
import { onOff } from "../lib/widgets";
import { personCss } from "./material";
import type { Place } from "./orbit";
import type { Player } from "./player";

const PLACES: readonly [Place, string][] = [
  ["start", "Angled"],
  ["front", "Front"],
  ["side", "Side"],
  ["above", "Above"],
  ["filmed", "As filmed"],
];

export function panel(player: Player): HTMLElement {
  return h(
    "div",
    { class: "panel" },
    h("section", { class: "group" }, peopleGroup(player)),
    h(
      "section",
      { class: "group" },
      h("h2", {}, "Show"),
      onOff("Wireframe", player.wireframe, "W"),
      onOff("Joints", player.joints, "J"),
      onOff("Floor", player.floor, "F"),
      onOff("Follow people", player.follow),
    ),
    h(
      "section",
      { class: "group group-views" },
      h("h2", {}, "View"),
      h(
        "div",
        { class: "chips" },
        PLACES.map(([place, label]) =>
          h("button", { type: "button", class: "chip", onclick: () => player.look(place) }, label),
        ),
      ),
    ),
  );
}

function peopleGroup(player: Player): HTMLElement[] {
  const title = h("h2", {}, "People");
  const all = h("button", {
    type: "button",
    class: "link",
    onclick: () => player.showAll(player.hidden.get().size > 0),
  });
  const list = h("ul", { class: "people" });
  let listed = "";
  player.extent.watch(() => {
    const now = player.people.tracks.map((track) => `${track.id}:${track.rows.length}`).join();
    if (now === listed) return;
    listed = now;
    fill(title, count(player.people.tracks.length, "person", "people"));
    fill(list, ...player.people.tracks.map((track) => personItem(player, track.id)));
    all.hidden = player.people.tracks.length < 2;
  });
  player.hidden.watch((hidden) => {
    all.textContent = hidden.size > 0 ? "Show all" : "Hide all";
    for (const input of list.querySelectorAll("input")) {
      input.checked = !hidden.has(Number(input.value));
    }
  });
  return [h("div", { class: "group-head" }, title, all), list];
}

function personItem(player: Player, id: number): HTMLLIElement {
  const swatch = h("span", { class: "swatch" });
  swatch.style.setProperty("--colour", personCss(id));
  const input = h("input", {
    type: "checkbox",
    value: id,
    onchange: () => player.setShown(id, input.checked),
  });
  input.checked = !player.hidden.get().has(id);
  return h(
    "li",
    {},
    h(
      "label",
      {},
      input,
      swatch,
      h("span", { class: "name" }, `Person ${id}`),
      h("span", { class: "quiet" }, `${player.secondsOf(id).toFixed(1)} s`),
    ),
  );
}
