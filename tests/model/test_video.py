import contextlib
import io
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from model.errors import InputError, UsageError
from model.video import Limits, open_video
from tests.model.videos import CORNERS, corners, grey, grey_of, write_video

COLOUR_TOLERANCE = 4
GREY_TOLERANCE = 6


def frames_of(source, **options):
    with open_video(source, **options) as video:
        return list(video)


def shown(source) -> dict[str, str]:
    """Which corner of the test picture is seen in each corner of the first frame."""
    seen = {}
    for place, colour in corners(frames_of(source)[0].rgb).items():
        close = [
            name
            for name, wanted in CORNERS.items()
            if max(abs(c - w) for c, w in zip(colour, wanted, strict=True)) <= COLOUR_TOLERANCE
        ]
        seen[place] = close[0] if close else f"{colour}"
    return seen


UPRIGHT = {name: name for name in CORNERS}
QUARTER_LEFT = {
    "top_left": "top_right",
    "top_right": "bottom_right",
    "bottom_left": "top_left",
    "bottom_right": "bottom_left",
}
QUARTER_RIGHT = {source: target for target, source in QUARTER_LEFT.items()}
HALF = {
    "top_left": "bottom_right",
    "top_right": "bottom_left",
    "bottom_left": "top_right",
    "bottom_right": "top_left",
}


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("b_frames.mp4", {"options": {"bf": "2"}}),
        ("vp9.webm", {"codec": "libvpx-vp9"}),
        ("without_duration.webm", {"codec": "libvpx", "live": True}),
        ("b_frames.ts", {"options": {"bf": "2"}}),
        ("b_frames.avi", {"options": {"bf": "2"}}),
        ("phone.mov", {"codec": "mjpeg", "pixel_format": "yuvj420p", "full_range": True}),
        ("animation.gif", {"codec": "gif", "pixel_format": "rgb8"}),
    ],
)
def test_every_frame_comes_once_in_order_at_its_time(tmp_path, name, options):
    path = write_video(tmp_path / name, **options)

    frames = frames_of(path)

    assert [f.index for f in frames] == list(range(12))
    assert [f.pts_s for f in frames] == pytest.approx([i / 25 for i in range(12)], abs=1e-6)
    assert [grey(f.rgb) for f in frames] == pytest.approx(
        [grey_of(i) for i in range(12)], abs=GREY_TOLERANCE
    )


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(30000, 1001), Fraction(60)])
def test_broadcast_rates_are_exact(tmp_path, rate):
    path = write_video(tmp_path / "clip.mp4", rate=rate)

    times = [f.pts_s for f in frames_of(path)]

    assert times == pytest.approx([float(i / rate) for i in range(12)], abs=1e-4)


def test_variable_rate_is_kept_and_time_starts_at_the_first_frame(tmp_path):
    pts_ms = [500, 540, 590, 600, 700, 900, 901, 1000, 1300, 1301, 1302, 2500]
    path = write_video(tmp_path / "clip.mkv", pts=pts_ms, time_base=Fraction(1, 1000))

    times = [f.pts_s for f in frames_of(path)]

    assert times == pytest.approx([(ms - 500) / 1000 for ms in pts_ms], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("upright.mp4", {}, UPRIGHT),
        ("portrait.mp4", {"rotation": 270}, QUARTER_RIGHT),
        ("portrait.webm", {"rotation": 270, "codec": "libvpx"}, QUARTER_RIGHT),
        ("left.mov", {"rotation": 90}, QUARTER_LEFT),
        ("upside_down.mp4", {"rotation": 180}, HALF),
    ],
)
def test_frames_are_turned_as_the_metadata_says(tmp_path, name, options, expected):
    path = write_video(tmp_path / name, **options)

    assert shown(path) == expected


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bt601.mp4", {}),
        ("bt709.mp4", {"colorspace": "itu709"}),
        ("full_range.mp4", {"full_range": True}),
        (
            "ten_bit.mp4",
            {
                "codec": "libx265",
                "pixel_format": "yuv420p10le",
                "options": {"x265-params": "log-level=none"},
            },
        ),
        ("odd_size.webm", {"codec": "libvpx-vp9", "size": (65, 49)}),
    ],
)
def test_colours_are_those_of_the_scene(tmp_path, name, options):
    path = write_video(tmp_path / name, **options)

    assert shown(path) == UPRIGHT


@pytest.mark.parametrize(
    ("options", "width", "height"),
    [
        ({"size": (65, 49), "pixel_format": "yuv444p"}, 65, 49),
        ({"pixel_aspect": Fraction(4, 3)}, 85, 48),
        ({"pixel_aspect": Fraction(4, 3), "rotation": 90}, 48, 85),
        ({"size": (1, 1), "pixel_format": "yuv444p"}, 1, 1),
    ],
)
def test_info_has_the_shown_size(tmp_path, options, width, height):
    path = write_video(tmp_path / "clip.mp4", **options)

    with open_video(path) as video:
        shapes = {frame.rgb.shape for frame in video}

    assert (video.info.width, video.info.height) == (width, height)
    assert shapes == {(height, width, 3)}


def test_a_window_keeps_the_index_and_time_of_the_whole_video(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=50)

    frames = frames_of(path, start_s=0.5, end_s=0.7)

    assert [f.index for f in frames] == [13, 14, 15, 16, 17]
    assert frames[0].pts_s == pytest.approx(0.52)


@pytest.mark.parametrize(("start_s", "end_s"), [(5.0, None), (0.45, None), (0.09, 0.11)])
def test_a_window_without_frames_is_an_error(tmp_path, start_s, end_s):
    path = write_video(tmp_path / "clip.mp4")

    with pytest.raises(InputError, match=f"no new frame from {start_s:g} s") as caught:
        frames_of(path, start_s=start_s, end_s=end_s)

    assert caught.value.code == "no_frame_in_range"


@pytest.mark.parametrize(
    ("start_s", "end_s"), [(-1.0, None), (2.0, 1.0), (float("nan"), None), (0.0, 0.0)]
)
def test_an_impossible_window_is_refused(tmp_path, start_s, end_s):
    with pytest.raises(UsageError) as caught:
        open_video(tmp_path / "unread.mp4", start_s=start_s, end_s=end_s)

    assert caught.value.code == "bad_time_range"


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


def test_a_size_change_scales_to_the_first_and_is_noted(tmp_path):
    small = write_video(tmp_path / "small.ts", frames=5).read_bytes()
    large = write_video(tmp_path / "large.ts", frames=5, size=(128, 96)).read_bytes()
    (tmp_path / "both.ts").write_bytes(small + large)

    with open_video(tmp_path / "both.ts") as video:
        shapes = {frame.rgb.shape for frame in video}

    assert shapes == {(48, 64, 3)}
    assert any("size changes" in note for note in video.notes)


def test_leaving_early_leaves_no_child(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=100)

    with contextlib.suppress(KeyboardInterrupt), open_video(path) as video:
        next(iter(video))
        raise KeyboardInterrupt

    assert not psutil.pid_exists(video.pid)


def test_frames_outlive_the_video(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=30)

    frames = frames_of(path)

    greys = [grey(f.rgb) for f in frames]
    assert greys == pytest.approx([grey_of(i) for i in range(30)], abs=GREY_TOLERANCE)


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGSEGV, "decoder_crashed"),
        (signal.SIGXCPU, "decoder_limit"),
        (signal.SIGSTOP, "decoder_limit"),
    ],
)
def test_a_child_that_dies_or_hangs_is_one_error(tmp_path, number, code):
    path = write_video(tmp_path / "clip.mp4", frames=200)

    with open_video(path, limits=Limits(stall_s=2.0)) as video:
        os.kill(video.pid, number)
        with pytest.raises(InputError) as caught:
            list(video)

    assert caught.value.code == code
    assert not psutil.pid_exists(video.pid)


def test_a_killed_parent_leaves_no_child(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=200)
    script = f"""
        import os, signal
        from model.video import open_video
        video = open_video({str(path)!r})
        print(video.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    parent = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        check=False,
    )

    assert gone_within(int(parent.stdout), 5)


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


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
