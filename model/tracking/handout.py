"""Holds frames back until it is certain who is in them, then says so.

The delay is what lets people be confirmed before they are handed out, and their squares be
smoothed with what comes after as well as with what came before.
"""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from model.tracking.people_limit import PeopleLimit
from model.tracking.person_track import Sighting, Track
from model.tracking.steady import steady_landmarks, steady_square
from model.types import Frame, Observation

DELAY_FRAMES = 7  # a frame is handed out once this many more have been seen

People = tuple[Frame, list[Observation]]


class HandOut:
    """Turns frames and tracks into frames and observations, in order.

    Args:
        limit: Whom to hand out.
    """

    def __init__(self, limit: PeopleLimit) -> None:
        self._limit = limit
        self._waiting: deque[Frame] = deque()
        self._people = 0

    @property
    def oldest(self) -> int:
        """Index of the frame that is next; earlier sightings serve for smoothing alone."""
        return self._waiting[0].index

    def latest_first(self) -> Iterator[Frame]:
        """Frames that were taken in and not yet given, back in time."""
        return reversed(self._waiting)

    def add(self, frame: Frame, tracks: Sequence[Track]) -> list[People]:
        """Take in a frame; give the one that is now due, if any."""
        self._waiting.append(frame)
        return [self._next(tracks)] if len(self._waiting) > DELAY_FRAMES else []

    def close(self, tracks: Sequence[Track]) -> list[People]:
        """Give all that are left."""
        return [self._next(tracks) for _ in range(len(self._waiting))]

    def _next(self, tracks: Sequence[Track]) -> People:
        frame = self._waiting.popleft()
        people = [track for track in tracks if track.confirmed]
        people.sort(key=lambda track: (track.born.frame_index, track.born.region.x_px))
        observations = []
        for track in self._limit.choose(people, frame.pts_s):
            sighting = track.at(frame.index)
            if sighting is not None:
                observations.append(self._observe(track, sighting))
        return frame, observations

    def _observe(self, track: Track, sighting: Sighting) -> Observation:
        if track.track_id is None:
            self._people += 1
            track.track_id = self._people
        pts_s = np.array([seen.pts_s for seen in track.sightings])
        squares_px = np.stack([seen.region.crop_px for seen in track.sightings])
        landmarks = np.stack([seen.landmarks.points for seen in track.sightings])
        return Observation(
            track.track_id,
            sighting.frame_index,
            sighting.pts_s,
            steady_square(pts_s, squares_px, sighting.pts_s),
            min(sighting.landmarks.presence, 1.0),
            steady_landmarks(pts_s, landmarks, sighting.pts_s),
            sighting.landmarks.mask,
        )
