"""The user's own boxes: what is taken, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.tracks_file import load_tracks
from model.types import Frame


def frames(count: int, width: int = 200, height: int = 100) -> list[Frame]:
    return [Frame(i, i / 10, np.zeros((height, width, 3), np.uint8)) for i in range(count)]


def write(folder: Path, value: Any) -> Path:
    path = folder / "boxes.json"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return path


def one_track(*boxes: tuple[int, list[float]], **options: Any) -> dict[str, Any]:
    rows = [{"frame": frame, "box": box} for frame, box in boxes]
    return {"version": 1, "tracks": [{"id": 1, "boxes": rows}], **options}


def test_a_box_becomes_a_square_with_a_margin(tmp_path: Path) -> None:
    tracks = load_tracks(write(tmp_path, one_track((1, [40, 10, 60, 90]))))

    people = [seen for _, seen in tracks.follow(frames(3))]

    assert [len(seen) for seen in people] == [0, 1, 0]
    np.testing.assert_allclose(people[1][0].crop_px, [6, 6, 94, 94])


def test_keyframes_are_interpolated_where_asked_for(tmp_path: Path) -> None:
    boxes = one_track((0, [0, 0, 40, 80]), (4, [80, 8, 120, 88]), interpolate=True)

    people = [seen for _, seen in load_tracks(write(tmp_path, boxes)).follow(frames(6))]

    assert [len(seen) for seen in people] == [1, 1, 1, 1, 1, 0]
    np.testing.assert_allclose(people[1][0].crop_px, [-4, -2, 84, 86])


def test_gaps_stay_gaps_where_it_is_not(tmp_path: Path) -> None:
    boxes = one_track((0, [0, 0, 40, 80]), (4, [80, 8, 120, 88]))

    people = [seen for _, seen in load_tracks(write(tmp_path, boxes)).follow(frames(6))]

    assert [len(seen) for seen in people] == [1, 0, 0, 0, 1, 0]


def test_people_keep_their_ids(tmp_path: Path) -> None:
    rows = [{"frame": 0, "box": [0, 0, 50, 50]}]
    value = {"version": 1, "tracks": [{"id": n, "boxes": rows} for n in (7, 3)]}

    _, people = next(load_tracks(write(tmp_path, value)).follow(frames(1)))

    assert [person.track_id for person in people] == [7, 3]


GOOD = [40, 10, 60, 90]


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("", "the file"),
        ("person, 10, 20", "the file"),
        ("[" * 100_000, "the file"),
        ([], "the file"),
        ({"version": 2, "tracks": []}, "version is 2"),
        ({"version": 1}, "tracks"),
        ({"version": 1, "tracks": []}, "tracks is []"),
        (one_track(), "tracks[0].boxes is []"),
        (one_track((0, GOOD), fps=3), "fps is 3"),
        (one_track((-1, GOOD)), "tracks[0].boxes[0].frame is -1"),
        (one_track((0, GOOD), (0, GOOD)), "tracks[0].boxes[1].frame is 0"),
        (one_track((5, GOOD), (2, GOOD)), "tracks[0].boxes[1].frame is 2"),
        (one_track((0, [1, 2, 3])), "tracks[0].boxes[0].box"),
        (one_track((0, [60, 10, 40, 90])), "tracks[0].boxes[0].box is [60.0, 10.0, 40.0, 90.0]"),
        (one_track((0, [40, 10, 40, 90])), "tracks[0].boxes[0].box"),
        (one_track((0, [float("nan"), 10, 60, 90])), "tracks[0].boxes[0].box[0] is nan"),
        (one_track((0, [40, 10, float("inf"), 90])), "tracks[0].boxes[0].box[2] is inf"),
        (json.dumps(one_track((0, GOOD))).replace("60", "6e999"), "tracks[0].boxes[0].box[2]"),
        ({"version": 1, "tracks": one_track((0, GOOD))["tracks"] * 2}, "tracks[1].id is 1"),
    ],
)
def test_a_bad_file_is_refused_naming_the_place(tmp_path: Path, value: Any, names: str) -> None:
    with pytest.raises(InputError) as caught:
        load_tracks(write(tmp_path, value))

    assert caught.value.code == "bad_tracks"
    assert names in caught.value.message
    assert "expected" in caught.value.message
    assert len(caught.value.message) < 300
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "box", [[200, 10, 260, 90], [-60, 10, -1, 90], [40, 101, 60, 180], [0, -500, 60, 500]]
)
def test_a_box_that_does_not_fit_the_picture_is_refused(tmp_path: Path, box: list[float]) -> None:
    tracks = load_tracks(write(tmp_path, one_track((0, GOOD), (1, box))))

    with pytest.raises(InputError, match=r"boxes\[1\].box is .*200 x 100 picture"):
        next(tracks.follow(frames(1)))


def test_a_box_partly_outside_is_taken(tmp_path: Path) -> None:
    tracks = load_tracks(write(tmp_path, one_track((0, [-30, -40, 30, 60]))))

    _, people = next(tracks.follow(frames(1)))

    assert len(people) == 1


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    with path.open("wb") as file:
        file.truncate(10 << 30)

    with pytest.raises(InputError, match="the file is '10737418240 bytes'"):
        load_tracks(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: No such file"):
        load_tracks(tmp_path / "none.json")
