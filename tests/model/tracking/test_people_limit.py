"""Whom to keep of too many."""

from itertools import pairwise

from model.tracking.people_limit import PeopleLimit
from model.tracking.person_track import Track
from tests.model.tracking.test_person_track import sighting


def test_everybody_is_kept_without_a_limit() -> None:
    tracks = [Track(sighting(0, 0.0, r=r)) for r in (10.0, 50.0)]

    assert PeopleLimit(None).choose(tracks, 0.0) == tracks


def test_the_larger_is_kept() -> None:
    small, large = (Track(sighting(0, 0.0, r=r)) for r in (40.0, 50.0))

    assert PeopleLimit(1).choose([small, large], 0.0) == [large]


def test_a_newcomer_little_larger_does_not_displace_who_is_kept() -> None:
    limit = PeopleLimit(1)
    old, new = Track(sighting(0, 0.0, r=50.0)), Track(sighting(50, 0.0, r=60.0))
    limit.choose([old], 4.9)

    assert {limit.choose([old, new], t / 10)[0] for t in range(50, 100)} == {old}


def test_somebody_much_larger_does_after_a_while() -> None:
    limit = PeopleLimit(1)
    old, new = Track(sighting(0, 0.0, r=50.0)), Track(sighting(50, 0.0, r=150.0))
    limit.choose([old], 4.9)

    kept = [limit.choose([old, new], t / 10)[0] for t in range(50, 100)]

    assert kept[0] is old
    assert kept[-1] is new
    assert sum(one is not other for one, other in pairwise(kept)) == 1
