/** What fills the page below its head. */

import { byId } from "../lib/dom";

export interface View {
  title: string;
  element: HTMLElement;
  dispose(): void;
}

/** Tell those who cannot see it. */
export function say(what: string): void {
  byId("said").textContent = what;
}
