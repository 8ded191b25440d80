"""Follows people through a video, so that each keeps one number.

A person once found costs one call of the landmark network per frame: each look says where to look
next. The detector runs now and then, to find others. Pure apart from the networks it is given:
the same frames give the same people.
"""

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from model.appearance import torso_histogram
from model.detect import BlazePoseDetector, PersonDetector
from model.landmarks import LandmarkModel, Landmarks
from model.people_limit import PeopleLimit
from model.person_track import Sighting, Track
from model.region import Region
from model.scene import SceneCuts
from model.steady import steady_square
from model.types import Array, Frame, Observation

NEAR_EVERY_S = 0.25  # between detections in the whole picture
SMALL_EVERY_S = 1.0  # between detections in tiles too
DELAY_FRAMES = 6  # a frame is handed on once this many more have been seen
CONFIRM_FRAMES = 5  # sightings in a row that make a person
BIRTH_PRESENCE = 0.9  # mean over them
MIN_PRESENCE = 0.5  # of one look that counts
DEATH_PRESENCE = 0.7  # running mean below which somebody followed was nobody
MAX_JUMP = 0.6  # radii from the forecast within one frame
REMEMBER_S = 1.0  # how long somebody out of sight keeps the number
RESUME_DISTANCE = 1.0  # radii from the forecast
RESUME_LIKENESS = 0.5
SAME_PERSON = 0.25  # mean distance of landmarks, in radii
MAX_COVER = 0.5  # of the smaller body's box, for somebody new
BODY = np.array([11, 12, 13, 14, 23, 24, 25, 26, 27, 28])  # landmarks that tell bodies apart
SEARCH = 2.5  # half side, in radii, of the part searched for somebody lost


def track_people(
    frames: Iterable[Frame],
    detector: PersonDetector | None = None,
    landmarks: LandmarkModel | None = None,
    *,
    max_people: int | None = None,
) -> Iterator[tuple[Frame, list[Observation]]]:
    """Find and follow everybody; each frame comes out once, in order, a few frames late.

    Args:
        frames: In time order.
        detector: BlazePose's, unless given.
        landmarks: BlazePose's, unless given.
        max_people: How many to follow at once at most, the larger and longer-lived first.
    """
    tracker = Tracker(detector or BlazePoseDetector(), landmarks or LandmarkModel(), max_people)
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

    def __init__(
        self, detector: PersonDetector, look: LandmarkModel, max_people: int | None = None
    ) -> None:
        self._detector = detector
        self._look = look
        self._limit = PeopleLimit(max_people)
        self._scene = SceneCuts()
        self._seen: list[Track] = []  # in the latest frame
        self._lost: list[Track] = []  # confirmed, out of sight for now
        self._ended: list[Track] = []  # with sightings still to be handed out
        self._waiting: deque[Frame] = deque()
        self._next_near_s = self._next_small_s = -np.inf
        self._people = 0

    def add(self, frame: Frame) -> list[tuple[Frame, list[Observation]]]:
        """Take a frame in; give those that are finished."""
        if self._scene.cuts_to(frame.rgb):
            self._ended += self._seen + self._lost
            self._seen, self._lost = [], []
            self._next_near_s = self._next_small_s = -np.inf
        self._follow(frame)
        self._search(frame)
        self._judge(frame.pts_s)
        self._waiting.append(frame)
        return [self._hand_out()] if len(self._waiting) > DELAY_FRAMES else []

    def close(self) -> list[tuple[Frame, list[Observation]]]:
        """The frames still held back; people too new to be confirmed are judged as they are."""
        for track in self._seen:
            track.confirmed |= track.presence >= BIRTH_PRESENCE
        return [self._hand_out() for _ in range(len(self._waiting))]

    def _follow(self, frame: Frame) -> None:
        """Look where each person should be by now."""
        looks = [(track, self._look(frame.rgb, track.predict(frame.pts_s))) for track in self._seen]
        followed: list[tuple[Track, Landmarks]] = []
        self._seen = []
        # The surest first: of two tracks that end up on one person, the other one is lost.
        for track, found in sorted(looks, key=lambda look: _surprise(look[0], look[1], frame)):
            jumped = track.distance(found.region, frame.pts_s) > MAX_JUMP
            taken = any(_same_person(found, other, not track.confirmed) for _, other in followed)
            if found.presence < MIN_PRESENCE or jumped or taken:
                self._lose(track)
            else:
                followed.append((track, found))
                self._see(track, found, frame)
        self._seen.sort(key=lambda track: track.born_s)

    def _search(self, frame: Frame) -> None:
        """Find those who are not followed: the lost around their forecast, all now and then."""
        small = frame.pts_s >= self._next_small_s
        candidates = [found for track in self._lost for found in self._search_around(track, frame)]
        if small or frame.pts_s >= self._next_near_s:
            self._next_near_s = frame.pts_s + NEAR_EVERY_S
            candidates += [found.region for found in self._detector.detect(frame.rgb, small=small)]
        if small:
            self._next_small_s = frame.pts_s + SMALL_EVERY_S
        for region in candidates:
            self._meet(region, frame)

    def _search_around(self, track: Track, frame: Frame) -> list[Region]:
        forecast = track.predict(frame.pts_s)
        reach = SEARCH * forecast.radius_px
        height, width = frame.rgb.shape[:2]
        left, right = (int(np.clip(forecast.x_px + d, 0, width)) for d in (-reach, reach))
        top, bottom = (int(np.clip(forecast.y_px + d, 0, height)) for d in (-reach, reach))
        if min(right - left, bottom - top) < 8:
            return []
        part = np.ascontiguousarray(frame.rgb[top:bottom, left:right])
        found = self._detector.detect(part, small=False)
        return [detection.region.moved(left, top) for detection in found]

    def _meet(self, region: Region, frame: Frame) -> None:
        """Look at a candidate: nobody, somebody followed already, somebody lost, or new."""
        if any(region.distance(track.last.region) < SAME_PERSON for track in self._seen):
            return
        found = self._look(frame.rgb, region)
        known = any(_same_person(found, track.last.landmarks, True) for track in self._seen)
        if found.presence < BIRTH_PRESENCE or known:
            return
        colours = torso_histogram(frame.rgb, found.points)
        track = self._recall(found, colours, frame.pts_s)
        if track is None:
            sighting = Sighting(frame.index, frame.pts_s, found)
            self._seen.append(Track.born(sighting, colours))
        else:
            self._lost.remove(track)
            self._see(track, found, frame)

    def _recall(self, found: Landmarks, colours: Array, pts_s: float) -> Track | None:
        """Who of those lost this is."""
        best, best_cost = None, np.inf
        for track in self._lost:
            distance = track.distance(found.region, pts_s)
            alike = track.likeness(colours)
            cost = distance + 1 - alike
            if distance < RESUME_DISTANCE and alike > RESUME_LIKENESS and cost < best_cost:
                best, best_cost = track, cost
        return best

    def _judge(self, pts_s: float) -> None:
        """Confirm people, and let go of those who are none or have been away too long."""
        for track in list(self._seen):
            if not track.confirmed and track.count == CONFIRM_FRAMES:
                track.confirmed = track.presence >= BIRTH_PRESENCE
                if not track.confirmed:
                    self._seen.remove(track)
            elif track.presence < DEATH_PRESENCE:
                self._seen.remove(track)
                self._ended.append(track)
        for track in list(self._lost):
            if pts_s - track.last.pts_s > REMEMBER_S:
                self._lost.remove(track)
                self._ended.append(track)

    def _see(self, track: Track, found: Landmarks, frame: Frame) -> None:
        colours = torso_histogram(frame.rgb, found.points)
        track.see(Sighting(frame.index, frame.pts_s, found), colours)
        self._seen.append(track)

    def _lose(self, track: Track) -> None:
        if track.confirmed:
            self._lost.append(track)

    def _hand_out(self) -> tuple[Frame, list[Observation]]:
        frame = self._waiting.popleft()
        self._ended = [track for track in self._ended if track.last.frame_index >= frame.index]
        alive = [track for track in (*self._ended, *self._lost, *self._seen) if track.confirmed]
        alive.sort(key=lambda track: (track.born_s, track.last.region.x_px))
        observations = []
        for track in self._limit.choose(alive, frame.pts_s):
            sighting = track.at(frame.index)
            if sighting is not None:
                if track.track_id is None:
                    self._people += 1
                    track.track_id = self._people
                observations.append(_observe(track, sighting))
        return frame, observations


def _observe(track: Track, sighting: Sighting) -> Observation:
    assert track.track_id is not None
    pts_s = np.array([seen.pts_s for seen in track.sightings])
    squares = np.stack([seen.region.crop_px for seen in track.sightings])
    return Observation(
        track.track_id,
        sighting.frame_index,
        sighting.pts_s,
        steady_square(pts_s, squares, sighting.pts_s),
        float(np.clip(sighting.landmarks.presence, 0, 1)),
        sighting.landmarks.points,
    )


def _surprise(track: Track, found: Landmarks, frame: Frame) -> float:
    """How unlike the track's past this look is; the unconfirmed are least to be believed."""
    alike = track.likeness(torso_histogram(frame.rgb, found.points))
    return track.distance(found.region, frame.pts_s) + 1 - alike + (not track.confirmed)


def _same_person(one: Landmarks, other: Landmarks, wary: bool) -> bool:
    """Whether two looks show one person; `wary`, also where one largely covers the other."""
    if wary and one.cover(other) > MAX_COVER:
        return True
    apart_px = np.linalg.norm(one.points[BODY, :2] - other.points[BODY, :2], axis=1).mean()
    return bool(apart_px < SAME_PERSON * max(one.region.radius_px, other.region.radius_px))
