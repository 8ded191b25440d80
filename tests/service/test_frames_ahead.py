"""Frames come from a thread, and so does whatever goes wrong."""

import threading
from pathlib import Path

import pytest

from model.errors import InputError
from model.video import VideoStream, open_video
from service.frames_ahead import FramesAhead
from tests.model.test_growing_video import Upload
from tests.model.videos import write_video


def never() -> None:
    """For videos that need no waiting that matters."""


def test_every_frame_comes_once_and_the_notes_at_the_end(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=12)

    with FramesAhead(lambda: open_video(path), never) as video:
        frames = [frame.index for frame in video]

    assert (video.info.width, video.info.height) == (64, 48)
    assert frames == list(range(12))
    assert video.notes == ()


def test_what_opening_raises_is_raised() -> None:
    with pytest.raises(InputError, match="does not exist"):
        FramesAhead(lambda: open_video("absent.mp4"), never)


def test_what_decoding_raises_is_raised_behind_the_frames_before_it(tmp_path: Path) -> None:
    data = write_video(tmp_path / "clip.ts", frames=100).read_bytes()
    broken = Upload(data, error=ConnectionResetError())

    with FramesAhead(lambda: open_video(broken), never) as video:
        frames = iter(video)
        next(frames)
        with pytest.raises(ConnectionResetError):
            list(frames)


def test_who_waits_for_bytes_hears_of_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.webm", codec="libvpx", frames=100, live=True)
    slow = Upload(path.read_bytes(), pause=True)
    waited = threading.Event()

    def idle() -> None:
        waited.set()
        slow.resume()

    with FramesAhead(lambda: open_video(slow), idle) as video:
        assert len(list(video)) == 100
    assert waited.is_set()


def test_closing_early_ends_the_decoder(tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mp4", frames=100)
    opened: list[VideoStream] = []

    def open_stream() -> VideoStream:
        opened.append(open_video(path))
        return opened[0]

    with FramesAhead(open_stream, never) as video:
        next(iter(video))

    assert not Path(f"/proc/{opened[0].pid}").exists()
