/** Where bodies go: matrices from a body's axes to the scene, or to pixels of the video. */

import { Matrix4, Quaternion, Vector3 } from "three";
import { cropCameraToImage } from "../body/camera";
import type { Floor } from "../body/floor";
import type { Row } from "../body/people";

/** From the camera frame (y down, z away) to three's (y up, z towards the viewer). */
const FLIP = new Matrix4().makeScale(1, -1, -1);

/** From a body's axes to the flipped camera frame, everybody in one scene. */
export function poseInScene({ turn, translation }: Row): Matrix4 {
  const [a, b, c, d, e, f, g, h, i] = turn;
  const [x, y, z] = translation;
  return new Matrix4().set(a, b, c, x, d, e, f, y, g, h, i, z, 0, 0, 0, 1).premultiply(FLIP);
}

/**
 * From a body's axes to pixels of the video: x right, y up from its upper edge.
 *
 * Depth is in pixels too: a body's own by its scale, between bodies by `pxPerM` of all of them.
 */
export function poseOverVideo(row: Row, pxPerM: number): Matrix4 {
  const seen = cropCameraToImage(row);
  return new Matrix4()
    .makeScale(seen.pxPerM, -seen.pxPerM, -seen.pxPerM)
    .setPosition(seen.x, -seen.y, -pxPerM * row.translation[2]);
}

/** From the flipped camera frame to a level one whose floor is at y = 0. */
export function levelling(floor: Floor): Matrix4 {
  const up = new Vector3(floor.up[0], -floor.up[1], -floor.up[2]);
  const turn = new Quaternion().setFromUnitVectors(up, new Vector3(0, 1, 0));
  return new Matrix4().makeRotationFromQuaternion(turn).setPosition(0, -floor.heightM, 0);
}
