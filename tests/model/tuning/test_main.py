import subprocess
import sys
from pathlib import Path

import pytest

from model.blazepose.torch_landmarks import FILE
from model.landmarks import TAUGHT
from model.litert import FOLDER, LiteRT
from tests.model.synth.made import small_set


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "model.tuning", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


@pytest.mark.slow
def test_people_are_pictured_and_taught_from(tmp_path: Path) -> None:
    small_set(tmp_path / "baked", side=160)
    some = "--shards", 1, "--ahead", 1, "--minutes", 0.02

    done = run(tmp_path / "taught", tmp_path / "baked", "--held-out", tmp_path / "baked", *some)

    assert done.returncode == 0, done.stderr
    assert "presence raised by" in done.stdout
    content = (tmp_path / "taught" / TAUGHT).read_bytes()
    assert len(content) == (FOLDER / FILE).stat().st_size
    assert content != (FOLDER / FILE).read_bytes()
    LiteRT(str(tmp_path / "taught" / TAUGHT))


@pytest.mark.parametrize(
    "wrong",
    [("--start", "none.tflite"), ("--minutes", 0), ("--ahead", 0), ("--ahead", 9, "--shards", 8)],
)
def test_what_cannot_be_is_refused_at_once(tmp_path: Path, wrong: tuple[object, ...]) -> None:
    done = run(tmp_path / "taught", tmp_path, "--held-out", tmp_path, *wrong)

    assert done.returncode == 2
    assert "expected" in done.stderr
    assert not (tmp_path / "taught").exists()
