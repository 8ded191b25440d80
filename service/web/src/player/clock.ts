/** What time it is in the video: by the video element where there is one, else by the wall. */

export interface Clock {
  /** Seconds on the timeline of the frames. */
  readonly timeS: number;
  readonly playing: boolean;
  speed: number;
  play(): void;
  pause(): void;
  seek(timeS: number): void;
  /** Call `shown` with the time of each picture as it is shown, until the result is called. */
  tick(shown: (timeS: number) => void): () => void;
}

/** After so long without word of a picture the time is asked for. */
const UNTOLD_MS = 150;

/** Runs by itself between two times, which may move while it runs. */
export class WallClock implements Clock {
  speed = 1;
  private sinceMs: number | undefined;
  private fromS: number;

  constructor(
    private readonly range: () => { startS: number; endS: number; loop: boolean; open: boolean },
    timeS = 0,
  ) {
    this.fromS = timeS;
  }

  get playing(): boolean {
    return this.sinceMs !== undefined;
  }

  get timeS(): number {
    if (this.sinceMs === undefined) return this.fromS;
    const timeS = this.fromS + ((performance.now() - this.sinceMs) / 1000) * this.speed;
    const { startS, endS, loop, open } = this.range();
    if (timeS < endS) return timeS;
    this.fromS = loop && !open ? startS : endS;
    this.sinceMs = performance.now();
    if (!loop && !open) this.sinceMs = undefined;
    return this.fromS;
  }

  play(): void {
    const { startS, endS, open } = this.range();
    if (!open && this.fromS >= endS - 1e-3) this.fromS = startS;
    this.sinceMs = performance.now();
  }

  pause(): void {
    this.fromS = this.timeS;
    this.sinceMs = undefined;
  }

  seek(timeS: number): void {
    this.fromS = timeS;
    if (this.playing) this.sinceMs = performance.now();
  }

  tick(shown: (timeS: number) => void): () => void {
    return everyPicture(() => shown(this.timeS));
  }
}

/**
 * Runs as the video does, whose time 0 is `startS` of the timeline.
 *
 * Where the browser tells which picture it shows, that picture's time is what counts, so that
 * meshes lie over the frame they belong to. It tells nothing of a video that is out of view, nor
 * do all browsers.
 */
export class VideoClock implements Clock {
  constructor(
    private readonly video: HTMLVideoElement,
    private readonly startS: () => number,
  ) {}

  get playing(): boolean {
    return !this.video.paused && !this.video.ended;
  }

  get timeS(): number {
    return this.video.currentTime + this.startS();
  }

  get speed(): number {
    return this.video.playbackRate;
  }

  set speed(speed: number) {
    this.video.playbackRate = speed;
  }

  play(): void {
    this.video.play().catch(() => undefined); // a pause that came before is no error
  }

  pause(): void {
    this.video.pause();
  }

  seek(timeS: number): void {
    this.video.currentTime = Math.max(timeS - this.startS(), 0) + 1e-3; // into the frame
  }

  tick(shown: (timeS: number) => void): () => void {
    const { video } = this;
    let toldMs = Number.NEGATIVE_INFINITY;
    const step = (nowMs: number, frame: VideoFrameCallbackMetadata) => {
      toldMs = nowMs;
      shown(frame.mediaTime + this.startS());
      request = video.requestVideoFrameCallback(step);
    };
    let request = video.requestVideoFrameCallback?.(step);
    const stop = everyPicture((nowMs) => {
      if (this.playing && nowMs - toldMs > UNTOLD_MS) shown(this.timeS);
    });
    return () => {
      stop();
      video.cancelVideoFrameCallback?.(request);
    };
  }
}

function everyPicture(task: (nowMs: number) => void): () => void {
  const step = (nowMs: number) => {
    task(nowMs);
    request = requestAnimationFrame(step);
  };
  let request = requestAnimationFrame(step);
  return () => cancelAnimationFrame(request);
}
