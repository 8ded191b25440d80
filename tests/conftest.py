"""Shapes in signatures are checked while tests run; what tests of many folders need."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jaxtyping import install_import_hook

# Torch's threads would spin between operations, and keep the cores from whatever else runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
install_import_hook("model", "beartype.beartype")
# Whoever runs us in the background of a shell has Ctrl-C ignored, and so would our children.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
# Not committed: a clone on a borrowed virtual environment has no stubs yet, or old ones.
subprocess.run([sys.executable, ROOT / "proto" / "generate.py", "--if-old"], check=True)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference files and clips beside the project; the test skips where there are none."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared (reference values and test clips)")
    return SHARED


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KB; the test skips where none can be mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("needs the right to mount a tmpfs")
    yield disk
    # Lazily: the traceback of a failed test may still hold the file.
    subprocess.run(["umount", "--lazy", str(disk)], check=True)
