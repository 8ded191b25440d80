"""A world in which people are upright rectangles, each of its own colour, on a grey noise.

Its detector and its landmark network look at the pictures, as the real ones do, and see well:
somebody of whom less than half shows is not there.
"""

from collections.abc import Callable, Iterator, Mapping

import cv2
import numpy as np

from model.detect import Detection
from model.landmarks import Landmarks
from model.region import Region
from model.types import Array, Frame

RED, GREEN, BLUE, YELLOW = (230, 10, 10), (10, 230, 10), (10, 10, 230), (230, 230, 10)
COLOURS = (RED, GREEN, BLUE, YELLOW)
FPS = 10
SHAPE = np.zeros((33, 2))  # landmarks in radii from the hips: face, shoulders, elbows, hips, legs
SHAPE[:11] = (0, -0.85)
SHAPE[11:17] = [(s * x, y) for x, y in ((0.15, -0.5), (0.2, -0.2), (0.2, 0)) for s in (1, -1)]
SHAPE[17:23] = (0.2, 0.05)
SHAPE[23:33] = [(s * 0.1, y) for y in (0.02, 0.45, 0.9, 0.95, 0.97) for s in (1, -1)]

Where = Callable[[float], tuple[float, float, float] | None]
"""Hips and radius in pixels at a time in seconds; None where out of sight."""


def film(people: Mapping[tuple[int, int, int], Where], count: int, scene: int = 0) -> list[Frame]:
    """`count` frames of 480 x 320; whoever comes later in `people` stands in front."""
    noise = np.random.default_rng(scene).integers(40, 120, (8, 12), np.uint8)
    ground = np.repeat(cv2.resize(noise, (480, 320), interpolation=0)[..., None], 3, axis=2)
    frames = []
    for index in range(count):
        rgb = ground.copy()
        for colour, where in people.items():
            place = where(index / FPS)
            if place is not None:
                x, y, r = (round(value) for value in place)
                cv2.rectangle(rgb, (x - r // 4, y - r), (x + r // 4, y + r), colour, -1)
        frames.append(Frame(index, index / FPS, rgb))
    return frames


def walk(x: float, speed: float, y: float = 160.0, r: float = 60.0) -> Where:
    """Sideways at `speed` pixels a second."""
    return lambda t: (x + speed * t, y, r)


def hidden(where: Where, start_s: float, end_s: float) -> Where:
    """As `where`, but out of sight for a while."""
    return lambda t: None if start_s <= t < end_s else where(t)


def bodies(rgb: Array) -> Iterator[Region]:
    """Everybody who shows by at least half."""
    for colour in COLOURS:
        mask = cv2.inRange(rgb, colour, colour)
        x, y, width, height = cv2.boundingRect(mask)
        if height > 10 and cv2.countNonZero(mask) >= height**2 / 8:
            yield Region(x + width / 2, y + height / 2, height / 2)


class ToyDetector:
    """Finds everybody."""

    def detect(self, rgb: Array, *, small: bool = True) -> list[Detection]:
        del small
        return [Detection(region, 0.9) for region in bodies(rgb)]


def look(rgb: Array, region: Region) -> Landmarks:
    """The landmarks of whoever is nearest the middle of the region."""
    near = [body for body in bodies(rgb) if body.distance(region) < 0.9]
    body = min(near, key=region.distance, default=None)
    found = body or region
    points = np.ones((33, 7), np.float32)
    points[:, :2] = SHAPE * found.radius_px + (found.x_px, found.y_px)
    return Landmarks(points, 1.0 if body else 0.0, found)
