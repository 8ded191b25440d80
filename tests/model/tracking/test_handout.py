"""Frames wait until it is certain who is in them."""

import numpy as np

from model.tracking.handout import DELAY_FRAMES, HandOut
from model.tracking.people_limit import PeopleLimit
from model.tracking.person_track import Track
from model.types import Frame
from tests.model.tracking.test_person_track import sighting


def frame(index: int) -> Frame:
    return Frame(index, index / 10, np.zeros((2, 2, 3), np.uint8))


def test_frames_come_out_in_order_after_the_delay() -> None:
    out = HandOut(PeopleLimit(None))

    given = [[f.index for f, _ in out.add(frame(i), [])] for i in range(DELAY_FRAMES + 2)]

    assert given == [[]] * DELAY_FRAMES + [[0], [1]]
    assert [f.index for f, _ in out.close([])] == list(range(2, DELAY_FRAMES + 2))


def test_somebody_confirmed_late_is_in_the_frames_before() -> None:
    out, track = HandOut(PeopleLimit(None)), Track(sighting(0, 0.0))
    for i in range(4):
        out.add(frame(i), [track])
        track.see(sighting(i + 1, 0.0))
    track.confirmed = True

    assert [len(people) for _, people in out.close([track])] == [1] * 4


def test_numbers_are_given_to_the_confirmed_in_order_of_appearance() -> None:
    tracks = [Track(sighting(0, x)) for x in (300.0, 200.0, 100.0)]
    tracks[0].confirmed = tracks[2].confirmed = True
    out = HandOut(PeopleLimit(None))
    out.add(frame(0), tracks)

    ((_, people),) = out.close(tracks)

    assert [(seen.track_id, seen.crop_px[0]) for seen in people] == [(1, 45.0), (2, 245.0)]
