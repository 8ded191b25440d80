"""Follows people through a video, so that each keeps one number.

A person once found costs one call of the landmark network per frame, two where frames are sparse
(`model.tracking.looking`): each look says where to look next. The detector runs now and then, to
find others; whoever is new is also followed backward, through the frames that still wait to be
handed out. The same frames give the same people.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from model.detect import BlazePoseDetector, PersonDetector
from model.landmarks import LandmarkModel
from model.litert import threads_of_this_machine
from model.region import Region
from model.tracking.handout import DELAY_FRAMES, HandOut, People
from model.tracking.looking import MIN_PRESENCE, Look, Looker
from model.tracking.people_limit import PeopleLimit
from model.tracking.person_track import Sighting, Track
from model.tracking.scene import SceneCuts
from model.types import Array, Frame

NEAR_EVERY_S = 0.25  # between detections in the whole picture
SMALL_EVERY_S = 1.0  # between detections in tiles, and looks beside everybody, too
BESIDE = 0.8  # radii from hips to hips of two who walk side by side
CONFIRM_FRAMES = DELAY_FRAMES  # sightings in a row that make a person
SURE_PRESENCE = 0.9  # of every look to be confirmed
STILL_PRESENCE = 0.85  # mean to stay so in one place
MOVER_PRESENCE = 0.7  # mean to stay so after moving away, as no jacket on the grass does
MIN_TORSO = 0.25  # mean to be confirmed
MIN_IN_VIEW = 0.4  # share of the landmarks
MIN_RADIUS_PX = 8.0  # of anybody worth a look
MAX_JUMP = 0.6  # radii from the forecast in the next frame
REMEMBER_S = 1.0  # how long somebody out of sight keeps the number
MAX_DETOUR = 1.0  # radii from the forecast after some time out of sight
MIN_LIKENESS = 0.5  # of the clothes, from one sighting to the next
SEARCH = 2.5  # half side, in radii, of the part searched for somebody lost
SAME_PLACE = 0.25  # radii, between hips or landmarks of one and the same person
MAX_COVER = 0.5  # share of somebody new that somebody known may cover


def track_people(
    frames: Iterable[Frame],
    detector: PersonDetector | None = None,
    look: Look | None = None,
    *,
    max_people: int | None = None,
) -> Iterator[People]:
    """Find and follow everybody; each frame comes out once, in order, a few frames late.

    Args:
        frames: In time order.
        detector: BlazePose's, on all cores, unless given.
        look: BlazePose's landmark model, likewise.
        max_people: How many to follow at once at most, the larger and longer-lived first.
    """
    threads = threads_of_this_machine()
    detector = detector or BlazePoseDetector(threads=threads)
    tracker = Tracker(detector, look or LandmarkModel(threads), max_people)
    for frame in frames:
        yield from tracker.add(frame)
    yield from tracker.close()


class Tracker:
    """The state of `track_people`, for callers that push frames.

    Args:
        detector: Finds people in a picture.
        look: Finds the landmarks of the person in a region.
        max_people: As in `track_people`.
    """

    def __init__(self, detector: PersonDetector, look: Look, max_people: int | None = None) -> None:
        self._detector = detector
        self._looker = Looker(look)
        self._scene = SceneCuts()
        self._hand_out = HandOut(PeopleLimit(max_people))
        self._seen: list[Track] = []  # in the latest frame
        self._lost: list[Track] = []  # confirmed, out of sight for now
        self._ended: list[Track] = []  # with sightings still to be handed out
        self._next_near_s = self._next_small_s = -np.inf
        self._scene_start = 0  # index of a frame

    def add(self, frame: Frame) -> list[People]:
        """Take a frame in; give the one that is finished, if any."""
        self._looker.turn_to(frame)
        if self._scene.cuts_to(frame.rgb):
            self._start_over(frame.index)
        self._follow(frame)
        for region in self._candidates(frame):
            self._meet(region, frame)
        self._judge(frame.pts_s)
        finished = self._hand_out.add(frame, self._tracks())
        oldest = self._hand_out.oldest
        self._ended = [track for track in self._ended if track.last.frame_index >= oldest]
        return finished

    def close(self) -> list[People]:
        """The frames still held back; people too new to be confirmed are judged as they are."""
        for track in self._seen:
            track.confirmed = track.confirmed or _convinces(track)
        return self._hand_out.close(self._tracks())

    def _tracks(self) -> list[Track]:
        return [*self._ended, *self._lost, *self._seen]

    def _start_over(self, frame_index: int) -> None:
        self._scene_start = frame_index
        self._ended = self._tracks()
        self._seen, self._lost = [], []
        self._next_near_s = self._next_small_s = -np.inf

    def _follow(self, frame: Frame) -> None:
        """Look where each person should be by now."""
        looks = [
            (track, self._looker.at(track.predict(frame.pts_s), frame)) for track in self._seen
        ]
        # The least surprising first: of two that end up on one person, the other is lost.
        looks.sort(key=lambda look: _doubt(*look))
        self._seen = []
        for track, sighting in looks:
            if (
                _is_somebody(sighting, frame.rgb)
                and _is_likely(track, sighting, MAX_JUMP)
                and not self._is_taken(sighting, wary=not track.confirmed)
            ):
                track.see(sighting)
                self._seen.append(track)
            elif track.confirmed:
                self._lost.append(track)

    def _is_taken(self, sighting: Sighting, *, wary: bool) -> bool:
        """Whether this is somebody seen in this frame; `wary`, also where one covers the other."""
        return _is_one_of(sighting, (track.last for track in self._seen), wary=wary)

    def _candidates(self, frame: Frame) -> Iterator[Region]:
        """Where those may be who are not followed."""
        for track in list(self._lost):
            yield from self._search_around(track.predict(frame.pts_s), frame.rgb)
        small = frame.pts_s >= self._next_small_s
        if small or frame.pts_s >= self._next_near_s:
            self._next_near_s = frame.pts_s + NEAR_EVERY_S
            for detection in self._detector.detect(frame.rgb, small=small):
                yield detection.region
        if small:
            self._next_small_s = frame.pts_s + SMALL_EVERY_S
            # Of two people side by side, detectors made for one see only one.
            for track in [track for track in self._seen if track.confirmed]:
                for side in (-BESIDE, BESIDE):
                    yield track.last.region.moved(side * track.last.region.radius_px, 0.0)

    def _search_around(self, forecast: Region, rgb: Array) -> list[Region]:
        reach = SEARCH * forecast.radius_px
        height, width = rgb.shape[:2]
        left, right = np.clip([forecast.x_px - reach, forecast.x_px + reach], 0, width).astype(int)
        top, bottom = np.clip([forecast.y_px - reach, forecast.y_px + reach], 0, height).astype(int)
        if min(right - left, bottom - top) < 8:
            return []
        found = self._detector.detect(rgb[top:bottom, left:right], small=False)
        return [detection.region.moved(float(left), float(top)) for detection in found]

    def _meet(self, region: Region, frame: Frame) -> None:
        """Look at a candidate: nobody, somebody followed already, somebody lost, or new."""
        followed = any(region.distance(track.last.region) < SAME_PLACE for track in self._seen)
        if followed or region.radius_px < MIN_RADIUS_PX:
            return
        sighting = self._looker.at_somebody_new(region, frame)
        if not _is_somebody(sighting, frame.rgb) or self._is_taken(sighting, wary=True):
            return
        track = self._recall(sighting)
        if track is not None:
            self._lost.remove(track)
            track.see(sighting)
            self._seen.append(track)
        elif sighting.landmarks.presence >= SURE_PRESENCE:
            self._seen.append(self._trace_back(sighting))

    def _trace_back(self, born: Sighting) -> Track:
        """Follow somebody new back in time, for as long as there is no doubt."""
        sightings = [born]
        for frame in self._hand_out.latest_first():
            if frame.index < self._scene_start:
                break
            after = sightings[-1]
            sighting = self._looker.at(after.region, frame)
            if (
                sighting.landmarks.presence < SURE_PRESENCE
                or not _is_somebody(sighting, frame.rgb)
                or not _is_likely(Track(after), sighting, MAX_JUMP)
                or self._was_taken(sighting)
            ):
                break
            sightings.append(sighting)
        track = Track(sightings[-1])
        for sighting in reversed(sightings[:-1]):
            track.see(sighting)
        return track

    def _was_taken(self, sighting: Sighting) -> bool:
        """Whether this is somebody seen in the frame of the sighting."""
        others = (track.at(sighting.frame_index) for track in self._tracks())
        return _is_one_of(sighting, filter(None, others), wary=True)

    def _recall(self, sighting: Sighting) -> Track | None:
        """Who of those lost this is."""
        fitting = [track for track in self._lost if _is_likely(track, sighting, MAX_DETOUR)]
        return min(fitting, key=lambda track: _doubt(track, sighting), default=None)

    def _judge(self, pts_s: float) -> None:
        """Confirm people; let go of those who are none, or have been away too long."""
        for track in list(self._seen):
            if track.confirmed:
                if track.presence < (MOVER_PRESENCE if track.moved else STILL_PRESENCE):
                    self._seen.remove(track)
                    self._ended.append(track)
            elif track.count >= CONFIRM_FRAMES:
                track.confirmed = _convinces(track)
                if not track.confirmed:
                    self._seen.remove(track)
        for track in list(self._lost):
            if pts_s - track.last.pts_s > REMEMBER_S:
                self._lost.remove(track)
                self._ended.append(track)


def _is_somebody(sighting: Sighting, rgb: Array) -> bool:
    height, width = rgb.shape[:2]
    found = sighting.landmarks
    return (
        found.presence >= MIN_PRESENCE
        and found.region.radius_px >= MIN_RADIUS_PX
        and found.in_view(width, height) >= MIN_IN_VIEW
    )


def _is_one_of(sighting: Sighting, others: Iterable[Sighting], *, wary: bool) -> bool:
    return any(
        sighting.landmarks.distance(other.landmarks) < SAME_PLACE
        or (wary and sighting.landmarks.cover(other.landmarks) > MAX_COVER)
        for other in others
    )


def _is_likely(track: Track, sighting: Sighting, reach: float) -> bool:
    """Whether the sighting may be this person, at most `reach` radii off the forecast."""
    return track.surprise(sighting) <= reach and track.likeness(sighting) >= MIN_LIKENESS


def _convinces(track: Track) -> bool:
    weakest = min(seen.landmarks.presence for seen in track.sightings)
    return weakest >= SURE_PRESENCE and track.torso >= MIN_TORSO


def _doubt(track: Track, sighting: Sighting) -> float:
    """That the sighting is of this person, by place and clothes; the unconfirmed doubted most."""
    return track.surprise(sighting) + 1 - track.likeness(sighting) + (not track.confirmed)
