import os
import sys
from pathlib import Path

import pytest

from model.errors import InputError
from model.video import Limits, open_video


@pytest.fixture
def impostor(tmp_path, monkeypatch):
    """Make the decoder a program that says something else."""

    def says(text: str) -> Path:
        program = tmp_path / "python"
        program.write_text(f"#!/bin/sh\ncat <<'END'\n{text}\nEND\n")
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))
        video = tmp_path / "clip.mp4"
        video.write_bytes(b"anything")
        return video

    return says


INFO = (
    '{"kind":"info","width":%s,"height":4,"fps":null,"duration_s":null,"frame_count":null,'
    '"defences":[]}'
)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "hello",
        "[1]",
        "{}",
        '{"kind":"info"}',
        INFO % 0,
        INFO % 999999,
        INFO % '"wide"',
        INFO % "1e999",
        '{"kind":"error","code":"made_up","message":"x"}',
        "x" * 100_000,
    ],
)
def test_a_child_that_talks_nonsense_is_a_crash(impostor, said):
    with pytest.raises(InputError) as caught:
        open_video(impostor(said))

    assert caught.value.code == "decoder_crashed"


@pytest.mark.parametrize(
    "said",
    [
        '{"kind":"frame"}',
        '{"kind":"frame","index":0,"pts_s":"soon"}',
        '{"kind":"frame","index":null,"pts_s":0}',
    ],
)
def test_a_nonsensical_frame_is_a_crash(impostor, said):
    video = impostor(INFO % 4 + "\n" + said)

    with open_video(video) as frames, pytest.raises(InputError) as caught:
        list(frames)

    assert caught.value.code == "decoder_crashed"


def test_what_a_child_says_is_kept_to_one_printable_line(impostor):
    video = impostor('{"kind":"error","code":"not_a_video","message":"is\\n\\u001b[31m red"}')

    with pytest.raises(InputError, match=r"clip\.mp4 is\?\?\[31m red$"):
        open_video(video)


def test_the_child_inherits_no_secrets_and_no_files(impostor, monkeypatch):
    monkeypatch.setenv("REMOCAP_SECRET", "hunter2")
    secret = os.memfd_create("secret", 0)
    os.set_inheritable(secret, True)
    video = impostor("")
    report = video.with_name("report")
    Path(sys.executable).write_text(f"#!/bin/sh\nenv > {report}; ls -l /proc/$$/fd >> {report}\n")

    with pytest.raises(InputError):
        open_video(video)
    os.close(secret)

    assert "PYTHONPATH" in report.read_text()
    assert "secret" not in report.read_text().lower()


def test_a_silent_child_is_not_waited_for(impostor):
    video = impostor("")
    Path(sys.executable).write_text("#!/bin/sh\nexec sleep 60\n")

    with pytest.raises(InputError, match=r"no picture for 0\.2 s") as caught:
        open_video(video, limits=Limits(stall_s=0.2))

    assert caught.value.code == "decoder_limit"
