/** Questions that want an answer. */

import { h } from "../lib/dom";
import { button } from "../lib/widgets";
import { send } from "../server/http";
import type { Source } from "../server/source";
import { isOver, type Job } from "../server/types";
import { problemBox } from "./problem";
import { say } from "./view";

/** Ask, and then end the job and erase what belongs to it. */
export function confirmDelete(source: Source, job: Job): void {
  const running = !isOver(job);
  const trouble = h("div", {});
  const act = button(
    running ? "Cancel this video" : "Delete",
    async () => {
      act.disabled = true;
      try {
        await send(source.url(), { method: "DELETE" });
        dialog.close();
        say(running ? "Cancelled" : "Deleted");
        location.hash = "#/";
      } catch (error) {
        act.disabled = false;
        trouble.replaceChildren(problemBox(error));
      }
    },
    "button danger",
  );
  const dialog = openDialog(
    running ? "Cancel this video?" : "Delete this video?",
    h("p", { class: "quiet" }, "The video and everything made of it are erased from the server."),
    trouble,
    h(
      "div",
      { class: "actions" },
      button("Keep it", () => dialog.close()),
      act,
    ),
  );
}

/** Show a dialog that goes when it is closed. */
export function openDialog(title: string, ...content: Node[]): HTMLDialogElement {
  const heading = h("h2", { id: "dialog-title" }, title);
  const dialog = h(
    "dialog",
    { "aria-labelledby": "dialog-title" },
    h("form", { method: "dialog" }, heading, ...content),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}
