/** Controls that hold a `Value`, made of native inputs so that keys and readers know them. */

import { h } from "./dom";
import { draw, type IconName } from "./icons";
import type { Toggle, Value } from "./value";

let numbered = 0;

export interface Choice<T extends string> {
  value: T;
  label: string;
  /** Instead of the label where there is little room. */
  short?: string;
}

/** A row of choices of which one holds. */
export function segmented<T extends string>(
  legend: string,
  value: Value<T>,
  choices: readonly Choice<T>[],
): HTMLFieldSetElement {
  const name = `choice-${++numbered}`;
  const inputs = choices.map((choice) =>
    h("input", {
      type: "radio",
      name,
      value: choice.value,
      onchange: () => value.set(choice.value),
    }),
  );
  value.watch((current) => {
    for (const input of inputs) input.checked = input.value === current;
  });
  return h(
    "fieldset",
    { class: "segmented" },
    h("legend", { class: "hidden" }, legend),
    choices.map(({ label, short }, i) =>
      h("label", { "aria-label": label }, inputs[i], h("span", { "data-short": short }, label)),
    ),
  );
}

/** A switch with a label. */
export function onOff(label: string, toggle: Toggle, key?: string): HTMLLabelElement {
  const input = h("input", {
    type: "checkbox",
    role: "switch",
    onchange: () => toggle.set(input.checked),
  });
  toggle.watch((on) => {
    input.checked = on;
  });
  return h(
    "label",
    { class: "switch", title: key ? `Key ${key}` : undefined },
    h("span", {}, label),
    input,
  );
}

export function iconButton(
  name: IconName,
  label: string,
  onclick: () => void,
  className = "icon-button",
): HTMLButtonElement {
  return h(
    "button",
    { type: "button", class: className, "aria-label": label, title: label, onclick },
    draw(name),
  );
}

export function button(
  label: string,
  onclick: () => void,
  className = "button",
  name?: IconName,
): HTMLButtonElement {
  return h("button", { type: "button", class: className, onclick }, name && draw(name), label);
}

/** A select of words. */
export function select<T extends string>(
  label: string,
  value: Value<T>,
  choices: readonly Choice<T>[],
): HTMLSelectElement {
  const element = h(
    "select",
    { "aria-label": label, onchange: () => value.set(element.value as T) },
    choices.map((choice) => h("option", { value: choice.value }, choice.label)),
  );
  value.watch((current) => {
    element.value = current;
  });
  return element;
}
