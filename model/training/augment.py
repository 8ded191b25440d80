"""METRO's augmentation (Lin et al. 2021), drawn once for the 8 frames of a window.

Pictures, 2D points, 3D points and SMPL poses of a window are all turned by the same draw:
first the rotation in the picture's plane, then the mirror.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, Float64
from pydantic import BaseModel, ConfigDict, Field

from model.types import CROP_SIDE, Array

PELVIS = 14  # row of J24
MIRRORED_J24 = (5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 7, 6, *range(12, 20), 21, 20, 23, 22)
# fmt: off
MIRRORED_SMPL = (
    0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20, 23, 22,
)
# fmt: on


class AugmentConfig(BaseModel):
    """How strongly to augment. The defaults are the published ones.

    Attributes:
        flip: Probability of the mirror.
        reverse: Probability that time runs backwards.
        gain: The channels are multiplied by a factor of 1 - gain to 1 + gain each.
        rotation_deg: Standard deviation of the rotation, which is at most twice this.
        unrotated: Probability of no rotation at all.
        scale: Standard deviation of the square's size about 1, and its largest deviation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: float = Field(default=0.5, ge=0, le=1)
    reverse: float = Field(default=0.5, ge=0, le=1)
    gain: float = Field(default=0.4, ge=0, lt=1)
    rotation_deg: float = Field(default=30.0, ge=0, le=90)
    unrotated: float = Field(default=0.6, ge=0, le=1)
    scale: float = Field(default=0.25, ge=0, lt=1)


@dataclass(frozen=True)
class Augmentation:
    """One draw; the default changes nothing."""

    rotation_deg: float = 0.0
    flip: bool = False
    scale: float = 1.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    reverse: bool = False


def draw_augmentation(config: AugmentConfig, rng: np.random.Generator) -> Augmentation:
    """Draw for one window."""
    limit_deg = 2 * config.rotation_deg
    rotation_deg = float(np.clip(rng.normal(0, config.rotation_deg), -limit_deg, limit_deg))
    red, green, blue = rng.uniform(1 - config.gain, 1 + config.gain, 3)
    return Augmentation(
        rotation_deg=0.0 if rng.random() < config.unrotated else rotation_deg,
        flip=bool(rng.random() < config.flip),
        scale=float(np.clip(rng.normal(1, config.scale), 1 - config.scale, 1 + config.scale)),
        gains=(float(red), float(green), float(blue)),
        reverse=bool(rng.random() < config.reverse),
    )


def crop_affine(
    center_px: Float64[Array, "2"], side_px: float, rotation_deg: float
) -> Float64[Array, "2 3"]:
    """Image pixels to crop pixels: the square scaled to 224 and turned about its centre.

    A positive rotation turns the picture counter-clockwise.
    """
    scale, angle = CROP_SIDE / side_px, math.radians(rotation_deg)
    cos, sin = scale * math.cos(angle), scale * math.sin(angle)
    linear = np.array([[cos, sin], [-sin, cos]])
    return np.column_stack([linear, CROP_SIDE / 2 - linear @ center_px])


def project_to_crop(
    joints_px: Float[Array, "24 3"],
    image_to_crop: Float64[Array, "2 3"],
    *,
    flip: bool,
    quantised: bool = False,
) -> Float64[Array, "24 3"]:
    """J24 joints from image pixels to -1 to 1 over the crop; the confidence stays.

    Args:
        joints_px: x, y, confidence.
        image_to_crop: As of `crop_affine`.
        flip: Mirror the crop, and name left right.
        quantised: As published: truncated to whole pixels, and one added.
    """
    points = joints_px[:, :2] @ image_to_crop[:, :2].T + image_to_crop[:, 2]
    points = np.trunc(points) + 1 if quantised else points
    joints = np.column_stack([2 * points / CROP_SIDE - 1, joints_px[:, 2]])
    return joints[list(MIRRORED_J24)] * [-1, 1, 1] if flip else joints


def turn_joints(
    joints_m: Float[Array, "24 4"], augmentation: Augmentation
) -> Float64[Array, "24 4"]:
    """J24 joints, centred on their pelvis, as the turned picture shows them; with confidence."""
    joints = np.asarray(joints_m, np.float64).copy()
    joints[:, :3] -= joints[PELVIS, :3]
    joints[:, :3] = joints[:, :3] @ rotation_about_view(augmentation.rotation_deg).T
    return joints[list(MIRRORED_J24)] * [-1, 1, 1, 1] if augmentation.flip else joints


def turn_pose(pose: Float[Array, "72"], augmentation: Augmentation) -> Float64[Array, "72"]:
    """SMPL's 24 rotation vectors, in the camera frame, as the turned picture shows them."""
    vectors = np.asarray(pose, np.float64).reshape(24, 3).copy()
    root, _ = cv2.Rodrigues(vectors[0])
    turned, _ = cv2.Rodrigues(rotation_about_view(augmentation.rotation_deg) @ root)
    vectors[0] = turned[:, 0]
    if augmentation.flip:
        vectors = vectors[list(MIRRORED_SMPL)] * [1, -1, -1]
    return vectors.reshape(72)


def rotation_about_view(rotation_deg: float) -> Float64[Array, "3 3"]:
    """The rotation about the viewing axis that a picture turned by `rotation_deg` shows."""
    cos, sin = math.cos(math.radians(rotation_deg)), math.sin(math.radians(rotation_deg))
    return np.array([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
