"""Notices where a video cuts to another scene."""

import cv2
import numpy as np
from jaxtyping import UInt8

from model.types import Array

THUMBNAIL = (48, 27)
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
        small = cv2.resize(rgb, THUMBNAIL, interpolation=cv2.INTER_AREA)
        grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.float64)
        before, self._before = self._before, grey
        if before is None or np.abs(grey - before).mean() < MIN_CHANGE:
            return False
        one, other = grey - grey.mean(), before - before.mean()
        scale = np.sqrt((one**2).sum() * (other**2).sum())
        return bool((one * other).sum() < MAX_CORRELATION * scale)
