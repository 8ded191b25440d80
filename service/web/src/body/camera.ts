/** The two cameras of docs/geometry.md: the crop's, without perspective, and the scene's. */

/** As `model.camera.MIN_SCALE`: a smaller scale is an error of the network. */
const MIN_SCALE = 0.05;

/** A square of the image, in pixels: x0, y0, x1, y1. */
export type Square = ArrayLike<number>;

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

/** Where the crop camera (s, tx, ty) sees a body, in pixels of the image. */
export function cropCameraToImage(camera: ArrayLike<number>, crop: Square): InImage {
  const pxPerM = (Math.max(camera[0], MIN_SCALE) * (crop[2] - crop[0])) / 2;
  return {
    pxPerM,
    x: (crop[0] + crop[2]) / 2 + pxPerM * camera[1],
    y: (crop[1] + crop[3]) / 2 + pxPerM * camera[2],
  };
}

/** Where the pelvis is in the camera frame, in metres: x right, y down, z away. */
export function translationM(seen: InImage, pinhole: Pinhole): [number, number, number] {
  const depth = pinhole.focalPx / seen.pxPerM;
  return [
    (depth * (seen.x - pinhole.width / 2)) / pinhole.focalPx,
    (depth * (seen.y - pinhole.height / 2)) / pinhole.focalPx,
    depth,
  ];
}

/** The least rotation of z into the ray through the crop's centre, row by row: [9]. */
export function viewRotmat(crop: Square, pinhole: Pinhole): number[] {
  const rayX = ((crop[0] + crop[2]) / 2 - pinhole.width / 2) / pinhole.focalPx;
  const rayY = ((crop[1] + crop[3]) / 2 - pinhole.height / 2) / pinhole.focalPx;
  const length = Math.hypot(rayX, rayY, 1);
  const x = rayX / length;
  const y = rayY / length;
  const z = 1 / length;
  const k = 1 / (1 + z);
  return [1 - x * x * k, -x * y * k, x, -x * y * k, 1 - y * y * k, y, -x, -y, z];
}

/** Turn a point by a matrix of `viewRotmat`, and move it. */
export function place(
  point: ArrayLike<number>,
  turn: readonly number[],
  move: ArrayLike<number>,
): [number, number, number] {
  const [x, y, z] = [point[0], point[1], point[2]];
  return [
    turn[0] * x + turn[1] * y + turn[2] * z + move[0],
    turn[3] * x + turn[4] * y + turn[5] * z + move[1],
    turn[6] * x + turn[7] * y + turn[8] * z + move[2],
  ];
}
