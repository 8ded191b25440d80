"""Who is who, over time."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.track import track_people
from model.tracking.handout import DELAY_FRAMES
from model.types import Frame, Observation
from model.video import open_video
from tests.model.toy_people import BLUE, GREEN, RED, ToyDetector, film, hidden, look, walk


def follow(frames: list[Frame], max_people: int | None = None) -> list[list[Observation]]:
    people = list(track_people(frames, ToyDetector(), look, max_people=max_people))
    assert [frame.index for frame, _ in people] == [frame.index for frame in frames]
    return [observations for _, observations in people]


def frames_of(people: list[list[Observation]]) -> dict[int, list[int]]:
    """Frame numbers of each track."""
    found: dict[int, list[int]] = {}
    for observation in (seen for frame in people for seen in frame):
        found.setdefault(observation.track_id, []).append(observation.frame_index)
    return found


def test_somebody_walking_is_one_person_from_the_first_frame_on() -> None:
    people = follow(film({RED: walk(100, 50)}, 30))

    assert frames_of(people) == {1: list(range(30))}


def test_the_square_is_about_the_hips() -> None:
    people = follow(film({RED: walk(100, 50)}, 30))

    np.testing.assert_allclose(people[20][0].crop_px, [134, 94, 266, 226], atol=1.5)


@pytest.mark.parametrize("count", [1, 2, 4, 7])
def test_a_short_film_shows_its_person(count: int) -> None:
    assert frames_of(follow(film({RED: walk(100, 50)}, count))) == {1: list(range(count))}


def test_nobody_is_in_an_empty_film() -> None:
    assert frames_of(follow(film({}, 20))) == {}


def test_an_appearance_of_three_frames_is_nobody() -> None:
    assert frames_of(follow(film({RED: hidden(walk(100, 50), 0.3, 99)}, 20))) == {}


def test_people_keep_their_numbers_through_a_short_gap() -> None:
    people = follow(film({RED: hidden(walk(100, 80), 1.5, 2.2)}, 40))

    found = frames_of(people)
    assert list(found) == [1]
    assert not set(found[1]) & set(range(15, 22))
    assert len(found[1]) >= 32


def test_somebody_who_comes_back_after_long_is_new() -> None:
    people = follow(film({RED: hidden(walk(100, 0), 1.5, 3.5)}, 60))

    births = [rows[0] for rows in frames_of(people).values()]
    assert births == [0, pytest.approx(35, abs=3)]


def test_two_who_cross_are_not_swapped() -> None:
    people = follow(film({RED: walk(100, 100), BLUE: walk(380, -100)}, 29))

    last = {seen.track_id: seen.crop_px[0] for seen in people[-1]}
    assert set(last) == {1, 2}
    assert last[1] > last[2]


def test_somebody_else_in_the_same_place_is_somebody_else() -> None:
    walker = walk(240, 0)
    people = follow(film({RED: hidden(walker, 2, 99), BLUE: hidden(walker, 0, 2)}, 40))

    assert [(rows[0], rows[-1]) for rows in frames_of(people).values()] == [(0, 19), (20, 39)]


def test_a_jump_breaks_the_track() -> None:
    people = follow(film({RED: lambda t: (100.0 if t < 2 else 350.0, 160.0, 60.0)}, 40))

    assert len(frames_of(people)) == 2


def test_a_cut_starts_everybody_anew() -> None:
    first, second = film({RED: walk(240, 0)}, 20), film({RED: walk(240, 0)}, 20, scene=1)
    later = [replace(frame, index=frame.index + 20, pts_s=frame.pts_s + 2) for frame in second]

    people = follow(first + later)

    assert frames_of(people) == {1: list(range(20)), 2: list(range(20, 40))}


@pytest.mark.parametrize("first", range(10, 17))
def test_somebody_who_enters_between_two_detections_is_there_from_the_first_frame(
    first: int,
) -> None:
    people = follow(film({RED: hidden(walk(100, 10), 0, first / 10 - 0.05)}, 40))

    assert frames_of(people) == {1: list(range(first, 40))}


def test_nobody_is_followed_back_through_a_cut() -> None:
    first = film({RED: hidden(walk(240, 0), 0, 1.65)}, 18)  # the detector looks at frame 16
    second = film({RED: walk(240, 0)}, 20, scene=1)
    later = [replace(frame, index=frame.index + 18, pts_s=frame.pts_s + 1.8) for frame in second]

    people = follow(first + later)

    assert frames_of(people) == {1: list(range(18, 38))}


def test_people_side_by_side_are_two() -> None:
    people = follow(film({RED: walk(150, 30), BLUE: walk(200, 30)}, 30))

    assert frames_of(people) == {1: list(range(30)), 2: list(range(30))}


def test_at_most_so_many_people_the_larger_first() -> None:
    crowd = {RED: walk(80, 20, r=40.0), GREEN: walk(200, 20, r=70.0), BLUE: walk(330, 20, r=50.0)}

    people = follow(film(crowd, 30), max_people=2)

    assert [len(frame) for frame in people] == [2] * 30
    assert min(np.ptp(seen.crop_px[[0, 2]]) for frame in people for seen in frame) > 100


def test_frames_come_out_a_few_frames_late() -> None:
    taken = 0

    def count(frames: list[Frame]) -> Iterator[Frame]:
        nonlocal taken
        for frame in frames:
            taken += 1
            yield frame

    for frame, _ in track_people(count(film({RED: walk(100, 50)}, 40)), ToyDetector(), look):
        assert taken <= frame.index + 1 + DELAY_FRAMES


@pytest.mark.shared
def test_blazepose_follows_the_one_person_of_a_real_clip(shared: Path) -> None:
    with open_video(shared / "assets" / "videos" / "sam2_dog.mp4", end_s=0.5) as video:
        frames = list(video)

    people = [observations for _, observations in track_people(frames)]

    assert frames_of(people) == {1: [frame.index for frame in frames]}
    assert min(seen.score for frame in people for seen in frame) > 0.9


@pytest.mark.shared
def test_blazepose_finds_nobody_in_an_empty_room(shared: Path) -> None:
    clip = shared / "assets" / "videos" / "intel_one_by_one_person.mp4"
    with open_video(clip, start_s=20.0, end_s=22.5) as video:
        assert [seen for _, found in track_people(video) for seen in found] == []
