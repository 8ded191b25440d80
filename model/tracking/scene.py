"""Notices where a video cuts to another scene."""

import cv2
import numpy as np
from jaxtyping import UInt8

from model.types import Array

THUMBNAIL = 27  # pixels of its shorter side, roughly
MIN_CHANGE = 24.0  # mean difference of grey values
MAX_CORRELATION = 0.5


class SceneCuts:
    """Compares each frame with the one before it."""

    def __init__(self) -> None:
        self._before: Array | None = None

    def cuts_to(self, rgb: UInt8[Array, "height width 3"]) -> bool:
        """Whether `rgb` shows another scene than the frame before it.

        A cut changes the picture much, and leaves no likeness: a flash keeps the latter.
        """
        grey = cv2.cvtColor(shrink(rgb), cv2.COLOR_RGB2GRAY).astype(np.float64)
        before, self._before = self._before, grey
        if before is None or np.abs(grey - before).mean() < MIN_CHANGE:
            return False
        one, other = grey - grey.mean(), before - before.mean()
        scale = np.sqrt((one**2).sum() * (other**2).sum())
        return bool((one * other).sum() < MAX_CORRELATION * scale)


def shrink(rgb: UInt8[Array, "height width 3"]) -> UInt8[Array, "h w 3"]:
    """Means of square blocks; whole ones, for which OpenCV is three times as fast."""
    block = max(min(rgb.shape[:2]) // THUMBNAIL, 1)
    height, width = (side // block for side in rgb.shape[:2])
    whole = rgb[: height * block, : width * block]
    small: Array = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return small
