"""Overlays, read again with PyAV and looked at by colour."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from model.errors import InputError
from model.export.overlay import draw_people, write_overlay
from model.export.rows import PeopleByFrame
from model.reconstruction import Reconstruction
from model.types import Frame
from tests.model.dancers import HEIGHT, WIDTH, dancer, grey_frames, reconstruction_of

LEFT, RIGHT = (0.25, 0.5), (0.75, 0.5)


def _read(path: Path) -> list[tuple[float, np.ndarray]]:
    with av.open(str(path)) as container:
        return [(f.time, f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def _draw(result: Reconstruction, frame: int) -> np.ndarray:
    grey = grey_frames(1)[0].rgb
    return draw_people(grey, result, PeopleByFrame(result).at(frame))


def _changed(rgb: np.ndarray) -> np.ndarray:
    return np.abs(rgb.astype(int) - 128).max(axis=-1) > 20


def test_every_frame_is_there_at_its_time(tmp_path: Path) -> None:
    times_s = [0.0, 0.03, 0.2, 0.21]
    frames = [
        replace(frame, pts_s=time_s) for frame, time_s in zip(grey_frames(4), times_s, strict=True)
    ]
    write_overlay(reconstruction_of(dancer(1, range(4))), frames, tmp_path / "out.mp4")
    read = _read(tmp_path / "out.mp4")
    assert [time_s for time_s, _ in read] == pytest.approx(times_s, abs=1e-4)
    assert all(_changed(rgb).mean() > 0.03 for _, rgb in read)


def test_people_appear_only_in_their_frames(tmp_path: Path) -> None:
    write_overlay(reconstruction_of(dancer(1, range(2, 4))), grey_frames(6), tmp_path / "out.mp4")
    seen = [bool(_changed(rgb).any()) for _, rgb in _read(tmp_path / "out.mp4")]
    assert seen == [False, False, True, True, False, False]


def test_the_mesh_covers_the_joints_and_stays_in_the_crop() -> None:
    result = reconstruction_of(dancer(1, range(3), LEFT))
    changed = _changed(_draw(result, 1))
    [sequence] = result.sequences
    joints_px = result.mesh(sequence, slice(1, 2)).joints2d_px[0].astype(int)
    assert changed[joints_px[:13, 1], joints_px[:13, 0]].all()
    assert not changed[:, WIDTH // 2 + HEIGHT // 4 :].any()


def test_people_have_colours_of_their_own() -> None:
    drawn = _draw(reconstruction_of(dancer(1, range(3), LEFT), dancer(2, range(3), RIGHT)), 0)
    left, right = drawn[HEIGHT // 2, WIDTH // 4], drawn[HEIGHT // 2, 3 * WIDTH // 4]
    assert left[2] > left[0] + 50  # blue
    assert right[0] > right[2] + 50  # orange


def test_the_nearer_person_is_in_front() -> None:
    near = dancer(1, range(3))
    far = replace(dancer(2, range(3)), camera=near.camera * np.array([0.7, 1, 1], np.float32))
    drawn = _draw(reconstruction_of(near, far), 0)
    middle = drawn[HEIGHT // 2, WIDTH // 2]
    assert middle[2] > middle[0] + 50  # blue, the first person


def test_untrained_weights_are_said_to_be_so(tmp_path: Path) -> None:
    corner = np.s_[HEIGHT - 25 :, : WIDTH // 4]
    for trained in (True, False):
        result = reconstruction_of(dancer(1, range(1)), trained=trained)
        write_overlay(result, grey_frames(1), tmp_path / "out.mp4")
        [(_, rgb)] = _read(tmp_path / "out.mp4")
        assert _changed(rgb)[corner].any() != trained


def test_the_input_frames_stay_as_they_were(tmp_path: Path) -> None:
    frames = grey_frames(2)
    write_overlay(reconstruction_of(dancer(), trained=False), frames, tmp_path / "out.mp4")
    assert (frames[0].rgb == 128).all()


def test_nothing_is_left_when_the_video_breaks(tmp_path: Path) -> None:
    def broken() -> "list[Frame]":
        yield grey_frames(1)[0]
        raise InputError("undecodable_video", "cannot be decoded")

    with pytest.raises(InputError):
        write_overlay(reconstruction_of(dancer()), broken(), tmp_path / "out.mp4")
    assert list(tmp_path.iterdir()) == []


def test_progress_counts_frames(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    result = reconstruction_of(dancer(1, range(3)))
    write_overlay(
        result, grey_frames(3), tmp_path / "out.mp4", lambda done, total: told.append((done, total))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
