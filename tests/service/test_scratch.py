"""Temporary folders outlive no process for long."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.scratch import Scratch, sweep_scratch

OLD_S = 1_000_000_000
LEAVE_ONE = "import os; from service.scratch import Scratch; print(Scratch().path); os._exit(9)"


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def left_behind(folder: Path) -> Path:
    """A folder whose maker was killed."""
    env = os.environ | {"TMPDIR": str(folder)}
    command = [sys.executable, "-c", LEAVE_ONE]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    return Path(done.stdout.strip())


def test_a_folder_goes_with_all_that_is_in_it(temporary: Path) -> None:
    scratch = Scratch()
    (scratch.path / "video").write_bytes(b"...")

    scratch.close()

    assert not list(temporary.iterdir())


def test_what_a_killed_process_left_is_swept(temporary: Path) -> None:
    path = left_behind(temporary)
    assert path.parent == temporary
    os.utime(path, (OLD_S, OLD_S))

    assert sweep_scratch() == 1
    assert not path.exists()


def test_what_is_in_use_stays() -> None:
    scratch = Scratch()
    os.utime(scratch.path, (OLD_S, OLD_S))

    assert sweep_scratch() == 0
    assert scratch.path.exists()
    scratch.close()


def test_what_is_new_stays_as_it_may_not_be_locked_yet(temporary: Path) -> None:
    path = left_behind(temporary)

    assert sweep_scratch() == 0
    assert path.exists()


def test_what_others_made_stays(temporary: Path) -> None:
    other = temporary / "remocap-else"
    other.mkdir()
    os.utime(other, (OLD_S, OLD_S))

    assert sweep_scratch() == 0
