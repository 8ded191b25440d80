/** The first view: drop a video, and all videos there are. */

import { fill, h } from "../lib/dom";
import { Cleanup } from "../lib/value";
import { jobList } from "./job_list";
import { uploadCard } from "./upload_card";
import type { View } from "./view";

export function homeView(): View {
  const cleanup = new Cleanup();
  const element = h("div", { class: "home" });
  const list = jobList(cleanup);
  fill(
    element,
    h(
      "section",
      { class: "hero" },
      h("h1", {}, "Video in, moving bodies out"),
      h(
        "p",
        { class: "lead" },
        "Everybody in a video becomes a 3D mesh, frame by frame, that you can turn, scrub and take with you.",
      ),
      uploadCard(cleanup),
    ),
    h("section", { class: "videos" }, h("h2", {}, "Your videos"), list),
  );
  return { title: "RemoCap", element, dispose: () => cleanup.run() };
}
