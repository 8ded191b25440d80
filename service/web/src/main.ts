/** Where the page begins: which view an address means. */

import { byId, fill } from "./lib/dom";
import { homeView } from "./views/home";
import { jobView } from "./views/job";
import type { View } from "./views/view";

let shown: View | undefined;

function viewOf(address: string): View {
  const job = /^#\/jobs\/([0-9a-f]{32})$/.exec(address);
  if (job) return jobView(job[1]);
  return homeView();
}

function show(): void {
  shown?.dispose();
  shown = viewOf(location.hash);
  const main = byId("main");
  fill(main, shown.element);
  document.title = shown.title;
  scrollTo(0, 0);
  if (location.hash !== "") main.focus({ preventScroll: true });
}

addEventListener("hashchange", show);
show();
