/** Where the page begins: which view an address means, and who may see it. */

import { byId, fill } from "./lib/dom";
import { button } from "./lib/widgets";
import { SIGN_IN } from "./server/http";
import { type Access, access, signOut } from "./server/session";
import { ownJob, type Source, sharedJob } from "./server/source";
import { homeView } from "./views/home";
import { signInView } from "./views/sign_in";
import { failedView, type View } from "./views/view";

let shown: View | undefined;
let turn = 0;

/** `#/jobs/<id>`, `#/jobs/<id>?share=<token>`, or nothing of these. */
async function viewOf(address: string): Promise<View> {
  const [, job, query] = /^#\/jobs\/([0-9a-f]{32})(?:\?(.*))?$/.exec(address) ?? [];
  const share = new URLSearchParams(query).get("share");
  if (job && share) return jobView(sharedJob(job, share));
  const known = await access();
  showAccount(known);
  if (known === "key_needed") return signInView(show);
  return job ? jobView(ownJob(job)) : homeView();
}

async function jobView(source: Source): Promise<View> {
  return (await jobCode()).showJob(source);
}

/** The player comes with it, so it is fetched once the first view is there. */
const jobCode = () => import("./views/job");

async function show(): Promise<void> {
  const mine = ++turn;
  const view = await viewOf(location.hash).catch(failedView);
  if (mine !== turn) return view.dispose();
  const isFirst = shown === undefined;
  shown?.dispose();
  shown = view;
  const main = byId("main");
  fill(main, view.element);
  document.title = view.title;
  setTimeout(() => jobCode().catch(() => undefined), 1000);
  if (isFirst) return;
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function showAccount(known: Access): void {
  const leave = button("Sign out", () => signOut().then(show, show), "link");
  fill(byId("account"), known === "signed_in" && leave);
}

addEventListener("hashchange", show);
addEventListener(SIGN_IN, show);
byId("skip").addEventListener("click", (event) => {
  event.preventDefault(); // what stands behind the # is the view
  byId("main").focus();
});
show();
