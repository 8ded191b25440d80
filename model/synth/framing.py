"""Where the camera stands, and the square that a detector would cut out."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from model.region import Region
from model.synth.skeleton import axis_rotmats
from model.types import Array

# BlazePose's circle about the hips, against the one that holds the whole body: measured on the
# sample clip, by the tracker (mean; deviation between frames).
CIRCLE, CIRCLE_NOISE, CENTRE_NOISE = 0.936, 0.0075, 0.0065
_WAIST_M = 0.95  # above the floor; what cameras are pointed at


@dataclass(frozen=True, eq=False)
class View:
    """A camera before a person who stands on the floor.

    Attributes:
        rotmat: Turns the body frame, about the pelvis, before it is put into the camera frame.
        distance_m: Of the pelvis.
    """

    rotmat: Float32[Array, "3 3"]
    distance_m: float


def draw_view(rng: np.random.Generator) -> View:
    """Draw a camera: six times in seven at 2.5 to 9 m, else nearer; held at a human height.

    The camera looks at the waist, so its height and distance give its pitch: gravity points the
    way it does in people's videos. It may be rolled a little, and the person face anywhere.
    """
    near_m, far_m = (1.7, 2.5) if rng.random() < 1 / 7 else (2.5, 9.0)
    distance_m = float(np.exp(rng.uniform(np.log(near_m), np.log(far_m))))
    high = rng.random() < 0.12  # a camera on a wall
    height_m = rng.uniform(2.2, 4.0) if high else np.clip(rng.normal(1.4, 0.35), 0.3, 2.2)
    pitch = np.arctan2(height_m - _WAIST_M, distance_m) + rng.normal(0, 0.03)
    turns = (rng.normal(0, 0.04), pitch, rng.uniform(-np.pi, np.pi))
    roll, tilt, yaw = (
        axis_rotmats(np.array(a), axis) for a, axis in zip(turns, (2, 0, 1), strict=True)
    )
    return View((roll @ tilt @ yaw).astype(np.float32), distance_m)


def draw_squares(
    rng: np.random.Generator,
    hips_px: Float32[Array, "frames 2"],
    extent_px: Float32[Array, "frames"],
) -> Float32[Array, "frames 4"]:
    """Imitate the squares that the tracker cuts out: one error per clip, a small one per frame.

    Args:
        rng: Draws the errors; one clip in ten is found badly.
        hips_px: Middle of the hips.
        extent_px: Distance from there to the point of the body that is furthest away.

    Returns:
        x0, y0, x1, y1 of each frame, by `model.region.Region.crop_px` as at inference.
    """
    badly = rng.random() < 0.1
    size = rng.uniform(0.8, 1.3) if badly else np.exp(rng.normal(0, 0.06))
    shift = rng.normal(0, 0.15 if badly else 0.03, 2)
    squares = []
    for (x, y), extent in zip(hips_px, extent_px, strict=True):
        radius = float(CIRCLE * extent * size * (1 + rng.normal(0, CIRCLE_NOISE)))
        dx, dy = (shift + rng.normal(0, CENTRE_NOISE, 2)) * extent
        squares.append(Region(float(x + dx), float(y + dy), radius).crop_px)
    return np.stack(squares)
