/** What fills the page below its head. */

import { byId, h } from "../lib/dom";
import { button } from "../lib/widgets";
import { problemBox } from "./problem";

export interface View {
  title: string;
  element: HTMLElement;
  dispose(): void;
}

/** A view that could not be made, and why. */
export function failedView(error: unknown): View {
  const again = button("Try again", () => location.reload());
  const element = h("div", { class: "failed" }, problemBox(error, again));
  return { title: "RemoCap", element, dispose: () => undefined };
}

/** Tell those who cannot see it. */
export function say(what: string): void {
  byId("said").textContent = what;
}
