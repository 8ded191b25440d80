"""What finds people in a child of the media role: on one core, or on several while they idle.

Interpreters are made for a number of threads and keep it, so there are two of each network. The
answers are the same.
"""

from collections.abc import Callable
from typing import NamedTuple, Self

from jaxtyping import UInt8

from model.detect import BlazePoseDetector, Detection, PersonDetector
from model.landmarks import LandmarkModel, Landmarks
from model.litert import threads_of_this_machine
from model.region import Region
from model.tracking.looking import Look
from model.types import Array


class Eyes(NamedTuple):
    """What finds people."""

    detector: PersonDetector
    look: Look

    @classmethod
    def load(cls, threads: int = 1) -> Self:
        """Load BlazePose's networks.

        Args:
            threads: For one call.
        """
        return cls(BlazePoseDetector(threads=threads), LandmarkModel(threads))


class WideEyes:
    """Eyes that open wide while there are cores for it.

    Args:
        narrow: For one core.
        cores: Tells how many may be used now.
    """

    def __init__(self, narrow: Eyes, cores: Callable[[], int]) -> None:
        self._narrow, self._cores = narrow, cores
        self._wide: Eyes | None = None
        self._threads = threads_of_this_machine()

    def widen(self) -> Eyes:
        """Load what is for several cores, unless that was done; where there is but one, nothing."""
        if self._wide is None:
            self._wide = Eyes.load(self._threads) if self._threads > 1 else self._narrow
        return self._wide

    def detect(self, rgb: UInt8[Array, "height width 3"], *, small: bool = True) -> list[Detection]:
        """As `PersonDetector.detect`."""
        return self._now().detector.detect(rgb, small=small)

    def look(self, rgb: UInt8[Array, "height width 3"], region: Region) -> Landmarks:
        """As `LandmarkModel` does."""
        return self._now().look(rgb, region)

    def _now(self) -> Eyes:
        return self.widen() if self._threads <= self._cores() else self._narrow
