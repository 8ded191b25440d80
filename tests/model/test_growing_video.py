import io
import threading
import time

import pytest

from model.errors import InputError
from model.video import Limits, open_video
from tests.model.videos import frames_of, write_video


def test_a_video_plays_while_it_arrives(tmp_path):
    path = write_video(tmp_path / "clip.webm", codec="libvpx", frames=100, live=True)
    upload = Upload(path.read_bytes(), pause=True)

    with open_video(upload) as video:
        frames = iter(video)
        early = next(frames)
        upload.resume()
        rest = list(frames)

    assert early.index == 0
    assert len(rest) == 99


def test_a_growing_mp4_plays_where_its_index_comes_first(tmp_path):
    path = write_video(tmp_path / "clip.mp4", muxer={"movflags": "faststart"})

    assert len(frames_of(io.BytesIO(path.read_bytes()))) == 12


def test_a_growing_mp4_with_its_index_last_asks_for_the_whole_file(tmp_path):
    path = write_video(tmp_path / "clip.mp4")

    with pytest.raises(InputError) as caught:
        open_video(io.BytesIO(path.read_bytes()))

    assert caught.value.code == "needs_whole_file"


def test_a_broken_upload_raises_its_own_error(tmp_path):
    data = write_video(tmp_path / "clip.ts", frames=100).read_bytes()

    with pytest.raises(ConnectionResetError):
        frames_of(Upload(data, error=ConnectionResetError()))


def test_a_slow_upload_is_no_stall(tmp_path):
    data = write_video(tmp_path / "clip.ts").read_bytes()

    frames = frames_of(Upload(data, delay_s=2.5), limits=Limits(stall_s=2.0))

    assert len(frames) == 12


def test_a_slow_reader_is_no_stall(tmp_path):
    data = write_video(tmp_path / "clip.ts", frames=50).read_bytes()

    with open_video(io.BytesIO(data)) as video:
        video._feed.fed_at_s -= 3600

        assert len(list(video)) == 50


class Upload:
    """A stream of bytes that can pause halfway, dawdle there, or break there."""

    def __init__(self, data: bytes, *, pause: bool = False, delay_s: float = 0, error=None) -> None:
        self._parts = [data[: len(data) // 2], data[len(data) // 2 :]]
        self._delay_s, self._error = delay_s, error
        self._resumed = threading.Event()
        if not pause:
            self.resume()

    def resume(self) -> None:
        self._resumed.set()

    def read(self, size: int) -> bytes:
        if len(self._parts) == 1:
            assert self._resumed.wait(30)
            time.sleep(self._delay_s)
            if self._error:
                raise self._error
        if not self._parts:
            return b""
        part, self._parts[0] = self._parts[0][:size], self._parts[0][size:]
        if not self._parts[0]:
            del self._parts[0]
        return part
