"""Videos that were written are read again with PyAV."""

from pathlib import Path

import av
import numpy as np
import pytest

from model.encode import write_mp4
from model.types import Frame


def _frames(times_s: list[float], width: int = 64, height: int = 48) -> list[Frame]:
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[:, width // 2 :] = (200, 60, 30)
    return [Frame(index, time_s, rgb) for index, time_s in enumerate(times_s)]


def _times_s(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [frame.time for frame in container.decode(video=0)]


def test_uneven_times_are_kept(tmp_path: Path) -> None:
    times_s = [0.0, 0.02, 0.1, 0.11, 0.5, 0.6]
    write_mp4(_frames(times_s), tmp_path / "out.mp4")
    assert _times_s(tmp_path / "out.mp4") == pytest.approx(times_s, abs=1e-5)


def test_a_later_start_becomes_zero(tmp_path: Path) -> None:
    write_mp4(_frames([3.0, 3.5]), tmp_path / "out.mp4")
    assert _times_s(tmp_path / "out.mp4") == pytest.approx([0.0, 0.5], abs=1e-5)


@pytest.mark.parametrize("fps", [24000 / 1001, 30000 / 1001, 60])
def test_the_duration_is_that_of_all_frames(tmp_path: Path, fps: float) -> None:
    write_mp4(_frames([index / fps for index in range(33)]), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert float(stream.duration * stream.time_base) == pytest.approx(33 / fps, abs=1e-4)


def test_a_single_frame_is_a_video(tmp_path: Path) -> None:
    assert write_mp4(_frames([0.0]), tmp_path / "out.mp4") == 1
    assert _times_s(tmp_path / "out.mp4") == [0.0]


def test_odd_sides_grow_by_a_pixel(tmp_path: Path) -> None:
    write_mp4(_frames([0.0, 0.1], width=33, height=19), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (34, 20)


def test_colours_come_back(tmp_path: Path) -> None:
    frames = _frames([0.0, 0.1])
    write_mp4(frames, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        shown = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(shown[10, 50].astype(int) - frames[0].rgb[10, 50]).max() <= 6


def test_players_can_start_before_the_end_has_arrived(tmp_path: Path) -> None:
    write_mp4(_frames([0.0, 0.1]), tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_an_unwritable_place_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_mp4(_frames([0.0]), tmp_path / "absent" / "out.mp4")
