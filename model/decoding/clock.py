"""Presentation times of frames, in seconds from the first shown one. Knows no video library."""

from fractions import Fraction


class Clock:
    """Turns timestamps into strictly increasing seconds.

    A missing timestamp is taken one frame after the one before; so is one that does not
    increase, and the next sound timestamp counts again.

    Args:
        time_base: Seconds per unit of the timestamps.
        rate: Frames per second, for frames without a usable timestamp.

    Attributes:
        repaired: Frames whose stated time did not increase.
    """

    def __init__(self, time_base: Fraction, rate: Fraction) -> None:
        self._time_base = time_base
        self._step_s = 1 / rate
        self._zero_s: Fraction | None = None
        self._last_s = -self._step_s
        self.repaired = 0

    def tick(self, pts: int | None) -> float:
        """Time of the next frame in presentation order, 0 for the first."""
        next_s = self._last_s + self._step_s
        if pts is None:
            self._last_s = next_s
            return float(next_s)
        if self._zero_s is None:
            self._zero_s = pts * self._time_base - next_s
        time_s = pts * self._time_base - self._zero_s
        if time_s <= self._last_s:
            self.repaired += 1
            time_s = next_s
        self._last_s = time_s
        return float(time_s)

    @property
    def end_s(self) -> float:
        """When the last frame so far ends."""
        return float(self._last_s + self._step_s)
