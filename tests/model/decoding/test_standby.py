import io
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from model.errors import InputError
from model.video import Limits, Standby, open_video
from tests.model.videos import write_video

LIMITS = Limits(max_side_px=64)
OURS = Path("/proc/self/fd")


@pytest.fixture
def stream(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=5, muxer={"movflags": "faststart"})
    return io.BytesIO(path.read_bytes())


def descriptors() -> set[tuple[str, str]]:
    """What this process has open."""
    found = set()
    for link in OURS.iterdir():
        with suppress(FileNotFoundError):  # of the look itself
            found.add((link.name, str(link.readlink())))
    return found


def test_a_decoder_that_waited_decodes_the_video_it_is_given(stream):
    waiting = Standby(LIMITS)

    with open_video(stream, end_s=0.1, standby=waiting) as video:
        assert video.pid == waiting.process.pid
        assert [frame.index for frame in video] == [0, 1, 2]

    assert not psutil.pid_exists(waiting.process.pid)


def test_its_own_limits_are_in_force(tmp_path):
    large = write_video(tmp_path / "clip.ts", size=(128, 48)).read_bytes()

    with pytest.raises(InputError) as caught:
        open_video(io.BytesIO(large), standby=Standby(LIMITS))

    assert caught.value.code == "video_too_large"


def test_one_that_died_while_it_waited_is_replaced(stream):
    waiting = Standby(LIMITS)
    psutil.Process(waiting.process.pid).kill()
    psutil.wait_procs([psutil.Process(waiting.process.pid)], 10)

    with open_video(stream, standby=waiting) as video:
        assert len(list(video)) == 5


@pytest.mark.skipif(not OURS.exists(), reason="counts in Linux's /proc")
def test_nothing_is_left_of_one_that_was_not_needed():
    before = descriptors()
    waiting = Standby(LIMITS)

    waiting.close()
    waiting.close()

    assert descriptors() <= before
    assert not psutil.pid_exists(waiting.process.pid)


def test_it_goes_when_its_parent_is_killed():
    program = (
        "import time; from model.video import Limits, Standby; "
        "print(Standby(Limits()).process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()

    psutil.wait_procs([child], 10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
