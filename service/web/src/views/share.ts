/** A link that shows one video to whoever has it. */

import { fill, h } from "../lib/dom";
import { Value } from "../lib/value";
import { button, select } from "../lib/widgets";
import { send } from "../server/http";
import type { Source } from "../server/source";
import { openDialog } from "./dialogs";
import { problemBox } from "./problem";
import { say } from "./view";

const LASTS = [
  { value: "3600", label: "For an hour" },
  { value: "86400", label: "For a day" },
  { value: "604800", label: "For a week" },
  { value: "2592000", label: "For 30 days" },
] as const;

export function shareButton(source: Source): HTMLButtonElement {
  return button("Share", () => openShare(source), "button", "share");
}

function openShare(source: Source): void {
  const lasts = new Value<string>("86400");
  const made = h("div", { class: "shared" });
  const make = button(
    "Make a link",
    async () => {
      try {
        fill(made, shownLink(await link(source, lasts.get())));
      } catch (error) {
        fill(made, problemBox(error));
      }
    },
    "button primary",
  );
  const dialog = openDialog(
    "Share this video",
    h(
      "p",
      { class: "quiet" },
      "Whoever has the link can watch and download this one video, and change nothing. It ends with the video at the latest.",
    ),
    select("How long it lasts", lasts, LASTS),
    made,
    h(
      "div",
      { class: "actions" },
      button("Close", () => dialog.close()),
      make,
    ),
  );
}

interface Link {
  url: string;
  expires: Date;
}

async function link(source: Source, seconds: string): Promise<Link> {
  const url = source.url("share", { expires_in: seconds });
  const made = await (await send(url, { method: "POST" })).json();
  return { url: new URL(made.url, location.href).href, expires: new Date(made.expires) };
}

function shownLink({ url, expires }: Link): HTMLElement {
  const field = h("input", { readonly: true, value: url, onfocus: () => field.select() });
  const copy = button("Copy", async () => {
    field.select();
    await navigator.clipboard.writeText(url).catch(() => document.execCommand("copy"));
    copy.textContent = "Copied";
    say("The link was copied");
  });
  return h(
    "div",
    {},
    h("label", { class: "field" }, "Link", h("span", { class: "copy" }, field, copy)),
    h("p", { class: "quiet" }, `Good until ${expires.toLocaleString()}.`),
  );
}
