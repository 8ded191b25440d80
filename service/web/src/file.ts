/** The player as a file of its own: result, topology and video lie in the page, no server is asked. */

import type { Row } from "./body/people";
import { readTopology } from "./body/topology";
import { byId, fill, h } from "./lib/dom";
import { playerView } from "./player/view";
import { allMessages, type Meta } from "./server/frames";
import "./style/page.css";

/** Bytes that `service/view_file.py` wrote into the page. */
async function bytesOf(id: string): Promise<ArrayBuffer> {
  const text = byId(id).textContent ?? "";
  byId(id).remove();
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(unpacked).arrayBuffer();
}

async function show(): Promise<void> {
  const topology = readTopology(await bytesOf("topology"));
  const rows: Row[] = [];
  let meta: Meta | undefined;
  for (const message of allMessages(await bytesOf("frames"))) {
    if (message.kind === "meta") meta = message.meta;
    if (message.kind === "rows") rows.push(...message.rows);
  }
  if (!meta) throw new Error("this file is damaged; write it again");
  const pinhole = { focalPx: meta.focal_px, width: meta.width, height: meta.height };
  const { element, player } = playerView(topology, pinhole, meta);
  const note = "The weights of this model are untrained: its shapes mean nothing.";
  const name = document.title.replace(" · RemoCap", "");
  const warning = !meta.trained && h("p", { class: "notice" }, note);
  fill(byId("main"), h("div", { class: "file-page" }, h("h1", {}, name), warning, element));
  player.complete(meta);
  player.add(rows);
  if (document.getElementById("video")) {
    const video = new Blob([await bytesOf("video")], { type: "video/mp4" });
    player.setVideo(URL.createObjectURL(video));
  }
}

show().catch((error) => fill(byId("main"), h("p", { class: "notice" }, String(error))));
