/** The player of a job: filled while it runs, and again with the whole result. */

import type { Row } from "../body/people";
import { readTopology } from "../body/topology";
import { h } from "../lib/dom";
import { Value } from "../lib/value";
import { type PlayerView, playerView } from "../player/view";
import { finishedRows } from "../server/follow";
import type { Meta } from "../server/frames";
import { getBytes, pause, send } from "../server/http";
import type { Source } from "../server/source";
import type { Smoothing } from "../server/types";

/** So many rows are kept at most, 5.9 KB each; files hold all of a longer result. */
const MAX_ROWS = 40_000;
const SHOW_EVERY_MS = 300;

export class JobScreen {
  readonly element = h("div", { class: "screen-place" });
  /** How much jitter is taken out of what is shown. */
  readonly smooth = new Value<Smoothing>("off");
  private made: Promise<PlayerView> | undefined;
  private loading = new AbortController();

  constructor(
    private readonly source: Source,
    private readonly signal: AbortSignal,
    placeholder: HTMLElement,
  ) {
    this.element.append(placeholder);
    signal.addEventListener("abort", () => this.loading.abort());
  }

  /** Set the player up, once. */
  prepare(meta: Meta): Promise<PlayerView> {
    this.made ??= this.setUp(meta);
    return this.made;
  }

  /** Show rows of a job that runs. */
  async add(rows: Row[]): Promise<void> {
    const view = await this.made;
    view?.player.add(rows);
  }

  /** Show the finished result and its video, now and whenever the smoothing changes. */
  async finish(smooth: Smoothing): Promise<number[]> {
    this.smooth.set(smooth);
    await this.load(smooth);
    this.smooth.watch((level) => {
      if (level !== smooth) this.load(level).catch(() => undefined);
      smooth = level;
    });
    const view = await this.made;
    if (!view) return [];
    this.loadVideo(view);
    return view.player.people.tracks.map((track) => track.id);
  }

  async dispose(): Promise<void> {
    (await this.made?.catch(() => undefined))?.dispose();
  }

  private async setUp(meta: Meta): Promise<PlayerView> {
    const topology = readTopology(await getBytes(this.source.with(meta.topology), this.signal));
    const pinhole = { focalPx: meta.focal_px, width: meta.width, height: meta.height };
    const view = playerView(topology, pinhole, meta);
    this.element.replaceChildren(view.element);
    return view;
  }

  /** Load all rows; the first to come are shown at once, later ones replace those shown. */
  private async load(smooth: Smoothing): Promise<void> {
    this.loading.abort();
    this.loading = new AbortController();
    const { signal } = this.loading;
    let view: PlayerView | undefined;
    let rows: Row[] = [];
    let count = 0;
    let fresh = true;
    let shownMs = performance.now();
    for await (const found of finishedRows(this.source, smooth, signal)) {
      if (!Array.isArray(found)) {
        view = await this.prepare(found);
        view.player.complete(found);
        fresh = view.player.people.isEmpty;
        continue;
      }
      rows.push(...found);
      count += found.length;
      if (count > MAX_ROWS) break;
      if (fresh && performance.now() - shownMs > SHOW_EVERY_MS) {
        view?.player.add(rows);
        rows = [];
        shownMs = performance.now();
      }
    }
    if (signal.aborted) return;
    if (fresh) view?.player.add(rows);
    else view?.player.replace(rows);
    if (count > MAX_ROWS) this.element.append(h("p", { class: "notice" }, TOO_LONG));
  }

  private async loadVideo(view: PlayerView): Promise<void> {
    const url = this.source.url("preview.mp4");
    const asked = this.source.url("preview.mp4", { wait: "30" });
    while (!this.signal.aborted) {
      const init = { signal: this.signal, headers: { Range: "bytes=0-0" } };
      const answer = await send(asked, init).catch(() => undefined);
      if (!answer) return;
      if (answer.status !== 202) return view.player.setVideo(url);
      await pause(500, this.signal);
    }
  }
}

const TOO_LONG =
  "This result is longer than a browser can hold; the player shows its beginning. The files below hold all of it.";
