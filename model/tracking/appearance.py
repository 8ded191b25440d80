"""What somebody wears, as a histogram: enough to tell two passers-by apart, not to name anybody."""

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.types import Array

TORSO = [11, 12, 23, 24]  # shoulders and hips
GRID = np.linspace(0.1, 0.9, 9)
BINS = (8, 4, 4)  # of hue, saturation and value
RANGES = [0, 180, 0, 256, 0, 256]


def torso_histogram(
    rgb: UInt8[Array, "height width 3"], points: Float32[Array, "33 7"]
) -> Float32[Array, "128"]:
    """Colours between shoulders and hips; sums to 1.

    Args:
        rgb: The frame.
        points: BlazePose's landmarks in it, in pixels.
    """
    left, right, left_hip, right_hip = points[TORSO, :2]
    across, down = GRID[None, :, None], GRID[:, None, None]
    above = left + across * (right - left)
    below = left_hip + across * (right_hip - left_hip)
    limit = np.array(rgb.shape[1::-1]) - 1
    samples = np.clip(above + down * (below - above), 0, limit).astype(int)  # [9,9,2]
    colours = cv2.cvtColor(rgb[samples[..., 1], samples[..., 0]], cv2.COLOR_RGB2HSV)
    counts = cv2.calcHist([colours], [0, 1, 2], None, BINS, RANGES).ravel()
    histogram: Array = counts / counts.sum()
    return histogram


def likeness(one: Float32[Array, "128"], other: Float32[Array, "128"]) -> float:
    """Bhattacharyya coefficient of two histograms: 1 where they are the same, 0 where disjoint."""
    return float(np.sqrt(one * other).sum())
