"""Videos are decoded from the store's parts, whether all of them are there or not."""

import io
import threading
from pathlib import Path

import pytest

from model.errors import InputError
from model.types import Frame
from model.video import Limits
from service.errors import UploadError
from service.messages import JobOptions
from service.store import Store
from service.upload_parts import PartWriter
from service.uploaded import PartReader, open_upload
from tests.model.videos import frames_of, write_video
from tests.service.jobs_of_videos import upload


def decode(store: Store, folder: Path, options: JobOptions | None = None) -> list[Frame]:
    with open_upload(store, "job", folder, options or JobOptions(), Limits()) as video:
        return list(video)


def test_parts_read_as_one_stream() -> None:
    reader = PartReader(iter([b"abc", b"", b"defg"]))

    assert [reader.read(2) for _ in range(5)] == [b"ab", b"c", b"de", b"fg", b""]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
def test_frames_are_those_of_the_file(store: Store, tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name)
    upload(store, "job", path.read_bytes())

    frames = decode(store, tmp_path)

    expected = frames_of(path)
    assert [(f.index, f.pts_s) for f in frames] == [(f.index, f.pts_s) for f in expected]
    assert all((a.rgb == b.rgb).all() for a, b in zip(frames, expected, strict=True))


def test_a_stretch_is_as_of_the_file(store: Store, tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.mkv", frames=50)
    upload(store, "job", path.read_bytes())

    frames = decode(store, tmp_path, JobOptions(start_s=0.5, end_s=1.0))

    assert [f.index for f in frames] == [f.index for f in frames_of(path, start_s=0.5, end_s=1.0)]


def test_an_index_at_the_end_is_waited_for(store: Store, tmp_path: Path) -> None:
    data = write_video(tmp_path / "clip.mp4").read_bytes()
    writer = PartWriter(store, "job", clock=iter(range(1000)).__next__)  # a part each write
    writer.write(data[:-500])

    def finish() -> None:
        writer.write(data[-500:])
        writer.close()

    timer = threading.Timer(1.0, finish)
    timer.start()

    assert len(decode(store, tmp_path)) == 12
    timer.join()


def test_frames_come_while_the_rest_is_still_to_come(store: Store, tmp_path: Path) -> None:
    path = write_video(tmp_path / "clip.webm", codec="libvpx", frames=100, live=True)
    data = io.BytesIO(path.read_bytes())
    writer = PartWriter(store, "job", clock=iter(range(1000)).__next__)
    writer.write(data.read(path.stat().st_size // 2))

    with open_upload(store, "job", tmp_path, JobOptions(), Limits()) as video:
        frames = iter(video)
        early = next(frames)
        writer.write(data.read())
        writer.close()
        rest = list(frames)

    assert (early.index, len(rest)) == (0, 99)


def test_an_upload_that_broke_off_says_so(store: Store, tmp_path: Path) -> None:
    writer = PartWriter(store, "job")
    writer.write(write_video(tmp_path / "clip.ts").read_bytes()[:5000])
    writer.abort("upload_incomplete")

    with pytest.raises(UploadError) as raised:
        decode(store, tmp_path)

    assert raised.value.code == "upload_incomplete"


def test_errors_name_no_path_of_ours(store: Store, tmp_path: Path) -> None:
    whole = write_video(tmp_path / "clip.mp4").read_bytes()
    upload(store, "job", whole[:-700])  # the index, which comes last, is cut

    with pytest.raises(InputError, match=r"^the video ") as raised:
        decode(store, tmp_path)

    assert str(tmp_path) not in raised.value.message
