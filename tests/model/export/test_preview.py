"""Previews and thumbnails, read again."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from model.export.preview import PREVIEW_PX, THUMBNAIL_PX, write_preview, write_thumbnail
from model.types import Frame
from tests.model.dancers import dancer, grey_frames, reconstruction_of


def test_a_preview_has_every_frame_at_its_time(tmp_path: Path) -> None:
    rgb = np.full((48, 64, 3), 90, np.uint8)
    times_s = [0.0, 0.1, 0.15, 0.4]

    write_preview([Frame(i, t, rgb) for i, t in enumerate(times_s)], tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as video:
        assert video.streams.video[0].codec.name == "h264"
        shown_s = [frame.time for frame in video.decode(video=0)]
    assert shown_s == pytest.approx(times_s, abs=1e-4)


def test_a_large_video_is_shrunk(tmp_path: Path) -> None:
    write_preview(grey_frames(2, (1500, 3000)), tmp_path / "out.mp4")

    with av.open(str(tmp_path / "out.mp4")) as video:
        stream = video.streams.video[0]
        assert (stream.width, stream.height) == (PREVIEW_PX // 2, PREVIEW_PX)


def test_a_thumbnail_shows_who_is_seen_longest(tmp_path: Path) -> None:
    people = reconstruction_of(dancer(1, range(2)), dancer(2, range(4, 9)), size=(640, 360))
    frames = iter(grey_frames(9, (640, 360)))

    write_thumbnail(people, frames, tmp_path / "out.jpg")

    rgb = cv2.imread(str(tmp_path / "out.jpg"))[..., ::-1].astype(int)
    assert rgb.shape == (180, THUMBNAIL_PX, 3)
    assert (np.ptp(rgb, axis=-1) > 40).mean() > 0.01
    assert next(frames).index == 7
