/** Plays people over time, beside their video, over it, or alone. Knows no buttons. */

import type { Pinhole } from "../body/camera";
import { People, type Row } from "../body/people";
import { Timeline } from "../body/timeline";
import type { Topology } from "../body/topology";
import { Cleanup, Toggle, Value } from "../lib/value";
import { type Clock, VideoClock, WallClock } from "./clock";
import type { Place } from "./orbit";
import { type Places, watchColours, watchSizes } from "./places";
import { Stage } from "./stage";

export type Mode = "beside" | "over" | "scene";

/** After so long without a change a picture is drawn finer. */
const STILL_MS = 200;

/** What is known of the video, as docs/streams.md names it. */
export interface VideoFacts {
  fps: number | null;
  frame_count: number | null;
  first_pts_s: number | null;
}

export class Player {
  readonly people = new People();
  readonly mode = new Value<Mode>("scene");
  readonly frame = new Value(0);
  readonly playing = new Toggle(false);
  readonly loop = new Toggle(true);
  readonly speed = new Value(1);
  readonly wireframe = new Toggle(false);
  readonly joints = new Toggle(false);
  readonly floor = new Toggle(true);
  readonly follow = new Toggle(true);
  /** Changes when there are more people or frames. */
  readonly extent = new Value(0);
  readonly hasVideo = new Toggle(false);
  readonly hidden = new Value<ReadonlySet<number>>(new Set());
  timeline = new Timeline();
  /** Called after every picture. */
  onDrawn: () => void = () => undefined;

  private readonly stage: Stage;
  private readonly cleanup = new Cleanup();
  private clock: Clock;
  private live = true;
  private scheduled = 0;
  private refining: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly places: Places,
    topology: Topology,
    pinhole: Pinhole,
    private facts: VideoFacts,
  ) {
    this.stage = new Stage(places.canvas, topology, pinhole, () => this.redraw());
    this.clock = new WallClock(() => this.range());
    this.cleanup.add(() => this.stage.dispose());
    this.watchAll();
    const onSize = (width: number, height: number) => {
      this.stage.resize(width, height);
      this.draw();
    };
    const onColours = (ink: string, ground: string) => {
      this.stage.paint(ink, ground);
      this.redraw();
    };
    this.cleanup.add(watchSizes(places, onSize));
    this.cleanup.add(watchColours(onColours));
  }

  /** Take rows over as they arrive. */
  add(rows: Row[]): void {
    if (rows.length === 0) return;
    const wasEmpty = this.people.isEmpty;
    this.people.add(rows);
    this.measure();
    this.stage.findFloor(this.people);
    if (wasEmpty) this.begin();
    this.extent.set(this.extent.get() + 1);
    this.redraw();
  }

  /** All rows are there: the end of the timeline is the end of the video. */
  complete(facts: VideoFacts): void {
    this.facts = facts;
    this.live = false;
    this.measure();
    this.extent.set(this.extent.get() + 1);
    this.redraw();
  }

  /** Forget the rows, as better ones come. */
  replace(rows: Row[]): void {
    this.people.clear();
    this.add(rows);
  }

  /** Show the video's picture from now on, and run by its clock. */
  setVideo(url: string): void {
    const { video } = this.places;
    const ready = () => {
      const { timeS, playing } = this.clock;
      this.clock.pause();
      this.useClock(new VideoClock(video, () => this.facts.first_pts_s ?? 0));
      this.clock.seek(timeS);
      if (playing) this.clock.play();
      this.hasVideo.set(true);
      this.redraw();
    };
    video.addEventListener("loadeddata", ready, { once: true });
    video.src = url;
  }

  seekFrame(frame: number): void {
    const { first, last } = this.timeline;
    const to = Math.min(Math.max(frame, first), last);
    this.clock.seek(this.timeline.ptsS(to));
    this.frame.set(to);
    this.redraw();
  }

  /** Go so many frames on, and stay there. */
  stepFrames(frames: number): void {
    this.playing.set(false);
    this.seekFrame(this.frame.get() + frames);
  }

  /** Seconds since the first frame. */
  timeS(frame: number): number {
    return this.timeline.ptsS(frame) - this.timeline.startS;
  }

  /** For how many seconds a person is there. */
  secondsOf(trackId: number): number {
    const rows = this.people.track(trackId)?.rows.length ?? 0;
    const { startS, endS, length } = this.timeline;
    return (rows * (endS - startS)) / Math.max(length, 1);
  }

  look(from: Place): void {
    this.stage.go(from, this.people, this.frame.get());
    this.redraw();
  }

  setShown(trackId: number, shown: boolean): void {
    const hidden = new Set(this.hidden.get());
    if (shown) hidden.delete(trackId);
    else hidden.add(trackId);
    this.hidden.set(hidden);
  }

  showAll(shown: boolean): void {
    this.hidden.set(new Set(shown ? [] : this.people.tracks.map((track) => track.id)));
  }

  /** Vertices of a person as they are drawn now: [6890*3], metres about the pelvis. */
  vertices(trackId: number): Float32Array | undefined {
    this.draw();
    return this.stage.vertices(trackId);
  }

  labelAt(trackId: number): [number, number] | undefined {
    return this.stage.labelAt(trackId);
  }

  /** The picture as PNG, transparent where nobody is. */
  async picture(): Promise<Blob> {
    this.draw();
    return new Promise((resolve, reject) => {
      this.places.canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))));
    });
  }

  dispose(): void {
    cancelAnimationFrame(this.scheduled);
    clearTimeout(this.refining);
    this.places.video.removeAttribute("src");
    this.places.video.load();
    this.cleanup.run();
  }

  private measure(): void {
    const { fps, frame_count, first_pts_s } = this.facts;
    this.timeline = Timeline.of(this.people, {
      fps,
      frames: this.live ? null : frame_count,
      firstS: first_pts_s ?? 0,
    });
  }

  private begin(): void {
    this.frame.set(this.timeline.first);
    this.stage.go("start", this.people, this.frame.get(), true);
    this.clock.seek(this.timeline.startS);
    if (!matchMedia("(prefers-reduced-motion: reduce)").matches) this.playing.set(true);
  }

  private range(): { startS: number; endS: number; loop: boolean; open: boolean } {
    const { startS, endS } = this.timeline;
    return { startS, endS, loop: this.loop.get(), open: this.live };
  }

  private useClock(clock: Clock): void {
    this.stopTicks();
    this.clock = clock;
    this.clock.speed = this.speed.get();
    this.stopTicks = clock.tick((timeS) => this.onTime(timeS));
  }

  private stopTicks: () => void = () => undefined;

  private onTime(timeS: number): void {
    if (!this.playing.get()) return;
    if (!this.clock.playing) this.playing.set(false);
    const frame = this.timeline.frameAt(timeS);
    if (frame === this.frame.get()) return;
    this.frame.set(frame);
    this.redraw();
  }

  private watchAll(): void {
    const settings = () => {
      this.stage.setSettings({
        wireframe: this.wireframe.get(),
        joints: this.joints.get(),
        floor: this.floor.get(),
        follow: this.follow.get(),
      });
      this.redraw();
    };
    for (const toggle of [this.wireframe, this.joints, this.floor, this.follow]) {
      this.cleanup.add(toggle.watch(settings));
    }
    this.cleanup.add(this.hidden.watch(() => this.redraw()));
    this.cleanup.add(this.mode.watch((mode) => this.arrange(mode)));
    this.cleanup.add(this.speed.watch((speed) => (this.clock.speed = speed)));
    this.cleanup.add(this.loop.watch((loop) => (this.places.video.loop = loop)));
    this.cleanup.add(
      this.playing.watch((playing) => {
        if (playing) this.clock.play();
        else this.clock.pause();
      }),
    );
    this.useClock(this.clock);
    this.cleanup.add(() => this.stopTicks());
  }

  private arrange(mode: Mode): void {
    const { canvas, over, room, root } = this.places;
    root.dataset.mode = mode;
    const host = mode === "over" ? over : room;
    if (canvas.parentElement !== host) host.append(canvas);
    this.stage.setOver(mode === "over");
    this.stage.resize(host.clientWidth, host.clientHeight);
    this.redraw();
  }

  private redraw(): void {
    this.scheduled ||= requestAnimationFrame(() => {
      this.scheduled = 0;
      const moving = this.mode.get() !== "over" && this.stage.orbit.step();
      this.draw();
      if (moving) this.redraw();
    });
  }

  private draw(): void {
    const frame = this.frame.get();
    const hidden = this.hidden.get();
    const rows = this.people.tracks
      .filter((track) => !hidden.has(track.id))
      .map((track) => track.at(frame))
      .filter((row) => row !== undefined);
    this.stage.show(rows, this.playing.get());
    this.stage.render();
    clearTimeout(this.refining);
    if (!this.playing.get()) this.refining = setTimeout(() => this.stage.refine(), STILL_MS);
    this.onDrawn();
  }
}
