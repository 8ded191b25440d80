/** Where a player lives in the page, and what changes around it: sizes, and light or dark. */

/** Where a player lives in the page. */
export interface Places {
  root: HTMLElement;
  canvas: HTMLCanvasElement;
  video: HTMLVideoElement;
  /** Holds the canvas where people are in a room. */
  room: HTMLElement;
  /** Lies exactly over the video, and holds the canvas where people are over it. */
  over: HTMLElement;
}

/** Tell the size of what holds the canvas, now and whenever it changes, until the result is called. */
export function watchSizes(
  { canvas, room, over }: Places,
  told: (width: number, height: number) => void,
): () => void {
  const sizes = new ResizeObserver(() => {
    const host = canvas.parentElement;
    if (host) told(host.clientWidth, host.clientHeight);
  });
  sizes.observe(room);
  sizes.observe(over);
  return () => sizes.disconnect();
}

/** Tell the colours of the floor, now and whenever the system changes to light or dark. */
export function watchColours(told: (ink: string, ground: string) => void): () => void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const tell = () => {
    const style = getComputedStyle(document.documentElement);
    told(style.getPropertyValue("--floor-ink"), style.getPropertyValue("--floor"));
  };
  tell();
  dark.addEventListener("change", tell);
  return () => dark.removeEventListener("change", tell);
}
