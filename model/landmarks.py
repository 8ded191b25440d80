"""BlazePose's landmark network: 33 points of a person, and whether there is one at all.

Bazarevsky et al. 2020, the `full` network with two auxiliary points that say where to look next;
taught further on rendered people (`model/tuning`).
"""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.crops import warp
from model.litert import LiteRT
from model.region import REGION_MARGIN, Region
from model.types import MASK_SIDE, Array, Mask

TAUGHT = "pose_landmark_taught.tflite"
SIDE = 256  # pixels of the network's input
POINTS = 33
CENTRE, TOP = 33, 34  # rows of the auxiliary points
SHOULDERS, HIPS = [11, 12], [23, 24]
BODY = [11, 12, 13, 14, 23, 24, 25, 26, 27, 28]
OTHER_SIDE = [0, 4, 5, 6, 1, 2, 3, 8, 7, 10, 9, *(n + 1 - 2 * (n % 2 == 0) for n in range(11, 33))]
"""For each point the one on the other side: 1 to 3 are the left eye, 4 to 6 the right one, ..."""


@dataclass(frozen=True)
class Landmarks:
    """What the network saw in a region.

    Attributes:
        points: x and y in image pixels; depth relative to the hips in the same unit, negative
            toward the camera; visibility 0 to 1; then the place about the hips in metres, x right,
            y down, z away.
        presence: Probability that the region shows a person.
        region: Where this person is, by the network's auxiliary points: look there next.
        mask: What it took for the person in the square it looked at.
    """

    points: Float32[Array, "33 7"]
    presence: float
    region: Region
    mask: Mask | None = None

    @property
    def torso(self) -> float:
        """Length from the middle of the shoulders to that of the hips, in radii; about 0.55."""
        shoulders, hips = (
            self.points[SHOULDERS, :2].mean(axis=0),
            self.points[HIPS, :2].mean(axis=0),
        )
        return float(np.linalg.norm(shoulders - hips)) / self.region.radius_px

    def in_view(self, width: int, height: int) -> float:
        """Share of the points that lie in a picture of this size."""
        inside = (self.points[:, :2] >= 0) & (self.points[:, :2] < (width, height))
        return float(inside.all(axis=1).mean())

    def distance(self, other: "Landmarks") -> float:
        """Mean distance of shoulders, elbows and legs, in radii of the larger person."""
        apart_px = np.linalg.norm(self.points[BODY, :2] - other.points[BODY, :2], axis=1).mean()
        return float(apart_px) / max(self.region.radius_px, other.region.radius_px)

    def cover(self, other: "Landmarks") -> float:
        """Share of the smaller body's box that lies in the other's."""
        low = np.maximum(self.points[:, :2].min(axis=0), other.points[:, :2].min(axis=0))
        high = np.minimum(self.points[:, :2].max(axis=0), other.points[:, :2].max(axis=0))
        smaller = min(float(np.ptp(it.points[:, :2], axis=0).prod()) for it in (self, other))
        return float(np.maximum(high - low, 0).prod()) / max(smaller, 1e-6)


def average(one: Landmarks, other: Landmarks) -> Landmarks:
    """Return the mean of two looks at a person, with the mask of the first."""
    ends = [(r.hips_px, r.top_px) for r in (one.region, other.region)]
    hips_px, top_px = (np.mean(points, axis=0) for points in zip(*ends, strict=True))
    return Landmarks(
        (one.points + other.points) / 2,
        (one.presence + other.presence) / 2,
        Region.of_points(hips_px, top_px),
        one.mask,
    )


class LandmarkModel:
    """Finds the landmarks of the one person in a region.

    Args:
        threads: For one call.
    """

    def __init__(self, threads: int = 1) -> None:
        self._network = LiteRT(TAUGHT, threads)

    def __call__(self, rgb: UInt8[Array, "height width 3"], region: Region) -> Landmarks:
        """Look at `region`, which must not be empty."""
        image_to_crop = region.image_to_crop(SIDE)
        self._network.run(warp(rgb, image_to_crop, SIDE).astype(np.float32) / 255)
        raw = self._network.output(39 * 5).reshape(39, 5)
        linear = np.linalg.inv(image_to_crop[:, :2])
        image_xy = (raw[:, :2] - image_to_crop[:, 2]) @ linear.T
        depth = raw[:POINTS, 2:3] * (2 * REGION_MARGIN * region.radius_px / SIDE)
        visibility = _sigmoid(raw[:POINTS, 3:4])
        world_m = self._network.output(39 * 3).reshape(39, 3)[:POINTS]
        turn = linear / np.linalg.norm(linear[0])  # from the turned square's axes to the image's
        world_m[:, :2] = world_m[:, :2] @ turn.T
        columns = [image_xy[:POINTS], depth, visibility, world_m]
        points = np.hstack(columns).astype(np.float32)
        if region.mirrored:  # of whom it takes for the left hand it sees the right one
            points = points[OTHER_SIDE]
        presence = float(self._network.output(1)[0])
        there = Region.of_points(image_xy[CENTRE], image_xy[TOP])
        mask = Mask(self._mask_cells(), region.image_to_crop(MASK_SIDE))
        return Landmarks(points, presence, there, mask)

    def _mask_cells(self) -> UInt8[Array, "64 64"]:
        """Share of each cell that the person fills, times 255, of the last look."""
        is_person = self._network.output(SIDE, SIDE, 1)[..., 0] > 0  # logits
        size = (MASK_SIDE, MASK_SIDE)
        cells: Array = cv2.resize(is_person * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        return cells


def _sigmoid(logits: Float32[Array, "*shape"]) -> Float32[Array, "*shape"]:
    probabilities: Array = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
    return probabilities
