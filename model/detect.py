"""BlazePose's person detector: near people in the whole frame, small ones in overlapping tiles.

Bazarevsky et al. 2020. Its answers are candidates; the landmark network decides.
"""

import math
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.litert import LiteRT
from model.region import Region
from model.types import Array

SIDE = 224  # pixels of the network's input
STRIDES = ((8, 2), (16, 2), (32, 6))  # of its feature maps, with anchors per cell
SAME_PERSON = 0.35  # distance, in radii, of two candidates that are one


@dataclass(frozen=True)
class Detection:
    """Somebody may be here.

    Attributes:
        region: The circle about the hips.
        score: 0 to 1.
    """

    region: Region
    score: float


@runtime_checkable
class PersonDetector(Protocol):
    """Finds people in one picture."""

    def detect(self, rgb: UInt8[Array, "height width 3"], *, small: bool = True) -> list[Detection]:
        """Everybody in view, best first, each once; without `small`, at least those near."""


@dataclass(frozen=True)
class Tile:
    """A square part of the picture; it may reach beyond it."""

    left: int
    top: int
    side: int


class BlazePoseDetector:
    """The built-in detector.

    Args:
        min_score: Below it a candidate is dropped. Low, since the landmark network decides.
        threads: For one call of the network.
    """

    def __init__(self, min_score: float = 0.3, threads: int = 1) -> None:
        self._network = LiteRT("pose_detection.tflite", threads)
        self._anchors = make_anchors()
        self._min_score = min_score

    def detect(self, rgb: UInt8[Array, "height width 3"], *, small: bool = True) -> list[Detection]:
        """Everybody in view, best first, each once; with `small`, in tiles too."""
        height, width = rgb.shape[:2]
        squares = [whole(width, height), *(tiles(width, height) if small else ())]
        return suppress([found for tile in squares for found in self._detect_in(rgb, tile)])

    def _detect_in(self, rgb: Array, tile: Tile) -> list[Detection]:
        self._network.run(letterbox(rgb, tile) / np.float32(127.5) - 1)
        logits = np.clip(self._network.output(len(self._anchors), 1)[:, 0], -80, 80)
        scores = 1 / (1 + np.exp(-logits))
        kept = np.flatnonzero(scores >= self._min_score)
        raw = self._network.output(len(self._anchors), 12)[kept]
        points = raw[:, 4:8].reshape(-1, 2, 2) / SIDE + self._anchors[kept, None]
        points = points * tile.side + (tile.left, tile.top)
        return [
            Detection(Region.of_points(hips, top), float(score))
            for (hips, top), score in zip(points, scores[kept], strict=True)
        ]


def make_anchors() -> Float32[Array, "n 2"]:
    """Middle (x, y) of each anchor, in sides of the input, in the order of the outputs."""
    rows = []
    for stride, repeats in STRIDES:
        centres = (np.arange(SIDE // stride, dtype=np.float32) + 0.5) * stride / SIDE
        y, x = np.meshgrid(centres, centres, indexing="ij")
        rows.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(rows)


def whole(width: int, height: int) -> Tile:
    """The square around the whole picture."""
    longer = max(width, height)
    return Tile((width - longer) // 2, (height - longer) // 2, longer)


def tiles(width: int, height: int) -> list[Tile]:
    """Squares of half the shorter side, overlapping by at least 40 %.

    The detector finds people of about a fifth of its square and more; one smaller than a tenth
    of the picture is too small for a mesh. A picture of fewer pixels than the detector's own
    input hides nobody from it, so it has no tiles.
    """
    side = min(width, height) // 2
    if max(width, height) <= SIDE:
        return []
    return [Tile(x, y, side) for y in _spread(height, side) for x in _spread(width, side)]


def _spread(length: int, side: int) -> list[int]:
    """Starts of the fewest squares that cover `length` and overlap by at least 40 %."""
    steps = math.ceil((length - side) / (0.6 * side))
    return [round((length - side) * i / steps) for i in range(steps + 1)]


def letterbox(
    rgb: UInt8[Array, "height width 3"], tile: Tile, side: int = SIDE
) -> Float32[Array, "{side} {side} 3"]:
    """The tile at `side` pixels, antialiased where it shrinks, black outside the picture."""
    height, width = rgb.shape[:2]
    left, top = max(tile.left, 0), max(tile.top, 0)
    right, bottom = min(tile.left + tile.side, width), min(tile.top + tile.side, height)
    scale = side / tile.side
    size = [max(round(extent * scale), 1) for extent in (right - left, bottom - top)]
    part = cv2.resize(rgb[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    x, y = round((left - tile.left) * scale), round((top - tile.top) * scale)
    square = np.zeros((side, side, 3), np.float32)
    square[y : y + size[1], x : x + size[0]] = part[: side - y, : side - x]
    return square


def suppress(found: list[Detection]) -> list[Detection]:
    """Keep the best of those that are the same person (non-maximum suppression)."""
    kept: list[Detection] = []
    for candidate in sorted(found, key=lambda detection: -detection.score):
        if all(candidate.region.distance(other.region) > SAME_PERSON for other in kept):
            kept.append(candidate)
    return kept
