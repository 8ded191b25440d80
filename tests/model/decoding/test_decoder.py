import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from model.decoding.request import SLOTS, Limits, Request
from model.decoding.ring import RingReader
from model.video import open_video
from tests.model.videos import write_video


def said(path: Path, *, start_s: float = 0.0, limits: Limits | None = None) -> list[dict]:
    """What the decoder says of a video, all of its slots free from the start."""
    limits = limits or Limits(max_side_px=64)
    ring = RingReader(SLOTS, limits.picture_bytes)
    with path.open("rb") as file:
        request = Request(file.fileno(), False, ring.fd, start_s, None, limits)
        freed_fd, free_fd = os.pipe()
        os.write(free_fd, request.encode().encode() + b"\n" + bytes(1000))
        child = subprocess.run(
            [sys.executable, "-m", "model.decoding.decoder"],
            stdin=freed_fd,
            capture_output=True,
            pass_fds=(file.fileno(), ring.fd),
            check=True,
        )
    for fd in (freed_fd, free_fd):
        os.close(fd)
    ring.close()
    assert child.stderr == b""
    return [json.loads(line) for line in child.stdout.splitlines()]


def test_a_request_survives_being_sent():
    request = Request(3, True, 4, 0.5, None, replace(Limits(), stall_s=1.5))

    assert Request.decode(request.encode()) == request
    assert "\n" not in request.encode()


def test_info_comes_first_then_frames_then_the_end(tmp_path):
    messages = said(write_video(tmp_path / "clip.mp4", frames=3))

    assert [m["kind"] for m in messages] == ["info", "frame", "frame", "frame", "end"]
    assert (messages[0]["width"], messages[0]["height"]) == (64, 48)


def test_frames_nobody_asked_for_are_signs_of_life(tmp_path):
    messages = said(write_video(tmp_path / "clip.mp4", frames=40), start_s=1.56)

    assert [m["kind"] for m in messages] == ["info"] + 3 * ["progress"] + ["frame", "end"]
    assert messages[-2]["index"] == 39


def test_an_error_is_the_last_word(tmp_path):
    messages = said(write_video(tmp_path / "clip.mp4", size=(128, 48)))

    assert [(m["kind"], m["code"]) for m in messages] == [("error", "video_too_large")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the limits in Linux's /proc")
def test_the_limits_are_in_force_while_it_decodes(tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=100)

    with open_video(path, limits=Limits(memory_bytes=1 << 30)) as video:
        limits = Path(f"/proc/{video.pid}/limits").read_text()

    soft = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
    assert soft["Max address space"] == str(1 << 30)
    assert soft["Max file size"] == soft["Max core file size"] == "0"
    assert int(soft["Max open files"]) < 16
    assert soft["Max cpu time"] != "unlimited"
