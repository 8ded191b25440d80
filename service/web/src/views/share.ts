/** A link that shows one video to whoever has it. */

import { h } from "../lib/dom";
import { button } from "../lib/widgets";
import { Problem, send } from "../server/http";
import type { Source } from "../server/source";
import { openDialog } from "./dialogs";
import { problemBox } from "./problem";
import { say } from "./view";

export function shareButton(source: Source): HTMLButtonElement {
  return button("Share", () => openShare(source), "button", "share");
}

function openShare(_source: Source): void {
  void [h, Problem, send, openDialog, problemBox, say];
}
