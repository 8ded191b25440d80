import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from av.container import InputContainer
from av.stream import Disposition

from model.decoding import demuxer
from model.decoding.request import Limits
from model.errors import InputError
from tests.model.videos import picture, write_sound, write_video


@contextlib.contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    with path.open("rb", buffering=0) as file, demuxer.open_file(file, Limits()) as container:
        yield container


def write_streams(path: Path, *streams: tuple[int, Disposition]) -> Path:
    """Write pictures of several widths into one file, each stream with its disposition."""
    options = {"default_mode": "passthrough"} if path.suffix == ".mkv" else {}
    with av.open(str(path), "w", options=options) as container:
        outputs = []
        for width, disposition in streams:
            stream = container.add_stream("mjpeg", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, 48, "yuvj420p"
            stream.disposition = disposition
            outputs.append(stream)
        for index in range(3):
            for stream in outputs:
                frame = av.VideoFrame.from_ndarray(picture(index, stream.width, 48))
                container.mux(stream.encode(frame.reformat(format="yuvj420p")))
        for stream in outputs:
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("name", "streams", "width"),
    [
        ("clip.mkv", [(64, Disposition(0)), (128, Disposition(0))], 128),
        ("clip.mkv", [(64, Disposition.default), (128, Disposition(0))], 64),
        ("clip.mov", [(128, Disposition.attached_pic), (64, Disposition(0))], 64),
    ],
    ids=["largest", "default", "not_the_cover"],
)
def test_the_stream_a_player_would_show_is_chosen(tmp_path, name, streams, width):
    with opened(write_streams(tmp_path / name, *streams)) as container:
        assert demuxer.choose_stream(container, Limits()).width == width


def test_a_song_with_a_cover_picture_is_no_video(tmp_path):
    path = write_streams(tmp_path / "song.mov", (64, Disposition.attached_pic))

    with opened(path) as container, pytest.raises(InputError) as caught:
        demuxer.choose_stream(container, Limits())

    assert caught.value.code == "no_video_stream"


def test_an_image_is_not_a_video():
    with pytest.raises(InputError) as caught:
        demuxer.open_growing(
            demuxer.GrowingSource(io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(500))), Limits()
        )

    assert caught.value.code == "not_a_video"


def test_what_was_looked_at_is_read_again():
    source = demuxer.GrowingSource(io.BytesIO(b"0123456789"))

    assert source.peek_at(2, 3) == b"234"
    assert source.read(3) + source.read(100) + source.read(100) == b"0123456789"


def test_a_time_is_reached_only_where_a_picture_is(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=50)
    with opened(path) as container:
        stream = demuxer.choose_stream(container, Limits())

        assert demuxer.reaches(container, stream, 1.9)
        assert not demuxer.reaches(container, stream, 2.1)


def test_a_format_that_names_other_files_is_never_opened(tmp_path):
    secret = write_sound(tmp_path / "secret.wav")
    playlist = tmp_path / "list.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n")

    with pytest.raises(InputError) as caught, opened(playlist):
        pass

    assert caught.value.code == "not_a_video"
