import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import InputError
from model.training.marks.marks import MARKED_JOINTS, MarkedVideo, find_video, load_marks
from tests.model.training.marks.cases import STANDING_PX, file_of_marks, marked

REAL_FRAMES = Path(__file__).resolve().parents[4] / "benchmarks" / "marks" / "real_frames.json"


def write(folder: Path, content: object) -> Path:
    path = folder / "marks.json"
    path.write_text(json.dumps(content))
    return path


def test_marks_are_read_in_the_order_of_the_joints(tmp_path: Path) -> None:
    path = write(tmp_path, file_of_marks())

    (video,) = load_marks(path)

    (mark,) = video.marks
    assert (video.file, mark.frame_index, mark.height_px, mark.facing_deg) == ("a.mp4", 3, 240, 0)
    np.testing.assert_array_equal(mark.joints_px, STANDING_PX)
    assert mark.visible.all()


def test_a_joint_that_is_null_is_not_known_and_one_that_is_occluded_is_not_visible(
    tmp_path: Path,
) -> None:
    content = file_of_marks()
    joints = content["videos"][0]["marks"][0]["joints_px"]
    joints["left_wrist"] = None
    joints["left_elbow"][2] = "occluded"

    mark = load_marks(write(tmp_path, content))[0].marks[0]

    assert np.flatnonzero(np.isnan(mark.joints_px).any(axis=1)).tolist() == [11]
    assert np.flatnonzero(~mark.visible).tolist() == [10, 11]


def change(content: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """Put a value where the path leads."""
    part: Any = content
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = to
    return content


MARK = ("videos", 0, "marks", 0)


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (("version",), 2, "version"),
        (("videos",), [], "videos"),
        (("videos", 0, "file"), "../a.mp4", "videos[0].file"),
        (("videos", 0, "sha256"), "abc", "videos[0].sha256"),
        ((*MARK, "frame"), -1, "videos[0].marks[0].frame"),
        ((*MARK, "box_px"), [140, 70, 60, 310], "videos[0].marks[0].box_px"),
        ((*MARK, "height_px"), 0, "videos[0].marks[0].height_px"),
        ((*MARK, "facing_deg"), 360, "videos[0].marks[0].facing_deg"),
        ((*MARK, "joints_px", "nose"), None, "videos[0].marks[0].joints_px"),
        ((*MARK, "joints_px"), {"left_wrist": None}, "videos[0].marks[0].joints_px"),
        (
            (*MARK, "joints_px", "left_knee"),
            [110, 480, "visible"],
            "videos[0].marks[0].joints_px.left_knee",
        ),
        (
            (*MARK, "joints_px", "left_knee", 2),
            "guessed",
            "videos[0].marks[0].joints_px.left_knee[2]",
        ),
    ],
)
def test_an_error_names_the_place_in_the_file(
    tmp_path: Path, path: tuple[str | int, ...], value: object, place: str
) -> None:
    file = write(tmp_path, change(file_of_marks(), *path, to=value))

    with pytest.raises(InputError) as caught:
        load_marks(file)

    assert caught.value.code == "bad_marks"
    assert caught.value.message.startswith(f"marks.json: {place} is ")


def test_a_video_may_be_listed_once(tmp_path: Path) -> None:
    content = file_of_marks()
    content["videos"] *= 2

    with pytest.raises(InputError, match=r"videos\[1\].file is 'a.mp4'; expected: every video"):
        load_marks(write(tmp_path, content))


def test_a_file_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file") as caught:
        load_marks(tmp_path / "absent.json")

    assert caught.value.code == "bad_marks"


def video_of(content: bytes) -> MarkedVideo:
    return MarkedVideo("a.mp4", hashlib.sha256(content).hexdigest(), (marked(),))


def test_a_video_is_found_by_name_and_content(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"the marked cut")

    assert find_video(video_of(b"the marked cut"), tmp_path) == tmp_path / "a.mp4"


def test_another_cut_of_a_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"another cut")

    with pytest.raises(InputError) as caught:
        find_video(video_of(b"the marked cut"), tmp_path)

    assert caught.value.code == "wrong_video"


def test_a_video_that_is_absent_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_video(video_of(b"the marked cut"), tmp_path)

    assert caught.value.code == "missing_video"


def test_the_marks_of_the_project_can_be_read() -> None:
    videos = load_marks(REAL_FRAMES)

    marks = [mark for video in videos for mark in video.marks]
    known = ~np.isnan([mark.joints_px for mark in marks]).any(axis=2)
    assert len(videos) == 3
    assert len(marks) >= 40
    assert known.sum() > 0.9 * len(marks) * len(MARKED_JOINTS)
