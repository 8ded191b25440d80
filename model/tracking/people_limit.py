"""Chooses whom to keep where there are more people than asked for."""

from collections.abc import Sequence

from model.tracking.person_track import Track

FULL_AGE_S = 2.0  # beyond it, having been there longer counts no more
INCUMBENT = 2.0  # whoever is kept already counts as this many times larger


class PeopleLimit:
    """Keeps at most `count` people at a time, the larger and longer-lived first.

    Args:
        count: None for everybody.
    """

    def __init__(self, count: int | None) -> None:
        self._count = count
        self._kept: list[Track] = []

    def choose(self, tracks: Sequence[Track], pts_s: float) -> list[Track]:
        """Those of `tracks` to keep in the frame at `pts_s`, in their order.

        Somebody out of sight for a moment is among the tracks, and keeps the place.
        """
        if self._count is None:
            return list(tracks)
        started = [track for track in tracks if track.born.pts_s <= pts_s]
        ranked = sorted(started, key=lambda track: self._weight(track, pts_s), reverse=True)
        self._kept = ranked[: self._count]
        return [track for track in tracks if track in self._kept]

    def _weight(self, track: Track, pts_s: float) -> float:
        age = 0.1 + min(pts_s - track.born.pts_s, FULL_AGE_S) / FULL_AGE_S
        return track.last.region.radius_px * age * (INCUMBENT if track in self._kept else 1.0)
