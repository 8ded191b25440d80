/** Where a key is asked for. */

import { fill, h } from "../lib/dom";
import { signIn } from "../server/session";
import { problemBox } from "./problem";
import type { View } from "./view";

export function signInView(done: () => void): View {
  const key = h("input", {
    type: "password",
    name: "key",
    required: true,
    autocomplete: "current-password",
    spellcheck: "false",
    placeholder: "rmc_…",
  });
  const trouble = h("div", {});
  const submit = h("button", { type: "submit", class: "button primary" }, "Open");
  const element = h(
    "form",
    {
      class: "card sign-in",
      onsubmit: async (event: SubmitEvent) => {
        event.preventDefault();
        submit.disabled = true;
        try {
          await signIn(key.value.trim());
          done();
        } catch (error) {
          fill(trouble, problemBox(error));
          submit.disabled = false;
          key.focus();
        }
      },
    },
    h("h1", {}, "Show your key"),
    h("p", { class: "quiet" }, "This server asks for a key. Whoever runs it can give you one."),
    h("label", { class: "field" }, "Key", key),
    trouble,
    submit,
  );
  return { title: "RemoCap", element, dispose: () => undefined };
}
