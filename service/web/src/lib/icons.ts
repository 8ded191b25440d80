/** Icons, each as paths on a grid of 24. */

import { icon } from "./dom";

const PATHS = {
  play: ["M8 5.5v13l10.5-6.5z"],
  pause: ["M8 5.5v13", "M16 5.5v13"],
  back: ["M14.5 6 8.5 12l6 6"],
  next: ["M9.5 6l6 6-6 6"],
  loop: [
    "M17 3.5 20 6.5l-3 3",
    "M4 12V9.5a3 3 0 0 1 3-3h13",
    "M7 20.5l-3-3 3-3",
    "M20 12v2.5a3 3 0 0 1-3 3H4",
  ],
  upload: [
    "M12 15.5V4.5",
    "M7.5 8.5 12 4l4.5 4.5",
    "M4.5 15.5v3a1.5 1.5 0 0 0 1.5 1.5h12a1.5 1.5 0 0 0 1.5-1.5v-3",
  ],
  download: ["M12 4.5v11", "M7.5 11.5 12 16l4.5-4.5", "M4.5 19.5h15"],
  share: [
    "M9.5 14.5l5-5",
    "M11 7.5l2-2a4 4 0 0 1 5.7 5.7l-2 2",
    "M13 16.5l-2 2a4 4 0 0 1-5.7-5.7l2-2",
  ],
  trash: [
    "M5 7h14",
    "M10 11v5.5",
    "M14 11v5.5",
    "M6.5 7l.8 11.6a1.5 1.5 0 0 0 1.5 1.4h6.4a1.5 1.5 0 0 0 1.5-1.4L17.5 7",
    "M9 7V4.5h6V7",
  ],
  camera: [
    "M4 7.5A1.5 1.5 0 0 1 5.5 6h8A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-8A1.5 1.5 0 0 1 4 16.5z",
    "M15 10.5l5-3v9l-5-3",
  ],
  eye: [
    "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z",
    "M12 14.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5z",
  ],
  photo: ["M4.5 8h3l1.5-2.5h6L16.5 8h3v11h-15z", "M12 16a3 3 0 1 0 0-6 3 3 0 0 0 0 6z"],
  warning: ["M12 4 2.5 20h19z", "M12 10v4.5", "M12 17.2v.1"],
  close: ["M6 6l12 12", "M18 6 6 18"],
  full: ["M4.5 9V4.5H9", "M15 4.5h4.5V9", "M19.5 15v4.5H15", "M9 19.5H4.5V15"],
} as const;

export type IconName = keyof typeof PATHS;

export function draw(name: IconName): SVGSVGElement {
  return icon(...PATHS[name]);
}
