import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.decoding import demuxer
from model.decoding.frame_reader import FrameReader
from model.decoding.request import Limits
from model.errors import InputError
from tests.model.videos import write_video


@contextlib.contextmanager
def reader_of(path: Path, limits: Limits = Limits()) -> Iterator[FrameReader]:  # noqa: B008
    with path.open("rb", buffering=0) as file, demuxer.open_file(file, limits) as container:
        yield FrameReader(container, demuxer.choose_stream(container, limits), limits)


def test_a_sound_video_leaves_no_notes(tmp_path):
    with reader_of(write_video(tmp_path / "clip.mp4")) as reader:
        frames = list(reader.frames())

        assert [index for index, _, _ in frames] == list(range(12))
        assert list(reader.notes(0.48)) == []


def test_damage_is_skipped_and_counted_and_times_stay_true(tmp_path):
    path = write_video(tmp_path / "clip.mov", codec="png", pixel_format="rgb24")
    mark = b"\x89PNG"
    parts = path.read_bytes().split(mark)
    path.write_bytes(mark.join(parts[:6]) + b"gone" + mark.join(parts[6:]))

    with reader_of(path) as reader:
        frames = list(reader.frames())

        assert [index for index, _, _ in frames] == list(range(11))
        assert [pts_s for _, pts_s, _ in frames[4:6]] == pytest.approx([0.16, 0.24])
        assert list(reader.notes(None)) == [
            "damaged packets skipped: 1",
            "the header promises 12 frames; 11 could be decoded",
        ]


def test_the_frame_limit_is_kept_to(tmp_path):
    with reader_of(write_video(tmp_path / "clip.mp4"), Limits(max_frames=5)) as reader:
        frames = reader.frames()
        indexes = [next(frames)[0] for _ in range(5)]

        with pytest.raises(InputError, match="or 5 frames"):
            next(frames)
    assert indexes == list(range(5))


def test_a_header_that_claims_too_much_is_noted(tmp_path):
    with reader_of(write_video(tmp_path / "clip.mp4")) as reader:
        list(reader.frames())

        assert list(reader.notes(60.0)) == ["the header claims 60.0 s; the video holds 0.5 s"]
