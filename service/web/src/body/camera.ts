/** The crop camera of docs/geometry.md: where the network saw a body in the picture. */

import type { Row } from "./people";

/** As `model.camera.MIN_SCALE`: a smaller scale is an error of the network. */
const MIN_SCALE = 0.05;

/** The camera that saw the whole picture, in pixels. */
export interface Pinhole {
  focalPx: number;
  width: number;
  height: number;
}

export interface InImage {
  pxPerM: number;
  /** Where the pelvis falls, in pixels of the image. */
  x: number;
  y: number;
}

export function cropCameraToImage({ camera, cropPx: crop }: Row): InImage {
  const pxPerM = (Math.max(camera[0], MIN_SCALE) * (crop[2] - crop[0])) / 2;
  return {
    pxPerM,
    x: (crop[0] + crop[2]) / 2 + pxPerM * camera[1],
    y: (crop[1] + crop[3]) / 2 + pxPerM * camera[2],
  };
}
