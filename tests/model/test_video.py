import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import time
from fractions import Fraction
from pathlib import Path

import psutil
import pytest

from model.errors import InputError, UsageError
from model.video import Limits, open_video
from tests.model.videos import frames_of, grey, grey_of, write_video

GREY_TOLERANCE = 6


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
