"""How the tracker looks at one person of a frame.

Every other frame is seen in a mirror. The landmark network errs to one side, in a mirror to the
other, and as landmarks are smoothed over some frames, half of it goes. On rendered films that is
worth 3 mm of PA-MPJPE. Where frames are too few for smoothing, each is looked at both ways.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from model.landmarks import Landmarks, average
from model.region import Region
from model.tracking.appearance import torso_histogram
from model.tracking.person_track import Sighting
from model.tracking.steady import REACH_S
from model.types import Array, Frame

MIN_PRESENCE = 0.5  # of a look, to follow somebody
UPSIDE_DOWN_RAD = 2.0  # of leaning, from which on nobody is believed to begin so
SPARSE_S = 0.45 * REACH_S  # between frames of which hardly more than three count in smoothing

Look = Callable[[Array, Region], Landmarks]
"""What `LandmarkModel` does."""


def is_mirrored(number: int) -> bool:
    """Whether the frame of this number is seen in a mirror."""
    return number % 2 == 1


class Looker:
    """Looks at people.

    Args:
        look: Finds the landmarks of the person in a region.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._latest_s = -np.inf  # of the frames
        self._sparse = False

    def turn_to(self, frame: Frame) -> None:
        """Take note of the next frame, by which it is known how far frames are apart."""
        self._sparse = frame.pts_s - self._latest_s > SPARSE_S
        self._latest_s = frame.pts_s

    def at(self, region: Region, frame: Frame) -> Sighting:
        """Look at the person of a region."""
        plain, mirrored = (replace(region, mirrored=in_mirror) for in_mirror in (False, True))
        if self._sparse:
            found = average(self._look(frame.rgb, plain), self._look(frame.rgb, mirrored))
        else:
            found = self._look(frame.rgb, mirrored if is_mirrored(frame.index) else plain)
        colours = torso_histogram(frame.rgb, found.points)
        return Sighting(frame.index, frame.pts_s, found, colours)

    def at_somebody_new(self, region: Region, frame: Frame) -> Sighting:
        """Look, and where somebody seems to stand on the head, see whether they do not.

        BlazePose sees people in whichever turn it looks at them, and they keep it from then on.
        """
        sighting = self.at(region, frame)
        if abs(sighting.region.rotation_rad) < UPSIDE_DOWN_RAD:
            return sighting
        upright = self.at(replace(sighting.region, rotation_rad=0.0), frame)
        if abs(upright.region.rotation_rad) >= UPSIDE_DOWN_RAD:
            return sighting
        again = self.at(upright.region, frame)  # the first look was about the wrong hips
        upright = max(upright, again, key=lambda seen: seen.landmarks.presence)
        return upright if upright.landmarks.presence >= MIN_PRESENCE else sighting
