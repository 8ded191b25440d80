"""A long result is handed out in the memory of a short one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.results import WARM_UP, make_job
from service.store import Store

FRAMES = 1800  # a minute: 150 MB as NPZ
MOST_MIB = 64  # what ten minutes may add as well


@pytest.mark.slow
@pytest.mark.parametrize("form", ["npz", "glb"])
def test_a_minute_takes_little_more_memory_than_three_seconds(
    store: Store, redis_address: str, tmp_path: Path, form: str
) -> None:
    make_job(store, "short", WARM_UP)
    make_job(store, "long", FRAMES)

    command = [sys.executable, "-m", "benchmarks.results", "--child", form, redis_address]
    done = subprocess.run(
        [*command, (tmp_path / "store").as_uri()], capture_output=True, text=True, check=False
    )

    found = re.search(r"(\d+) MiB.*grown by (-?\d+) MiB", done.stdout)
    assert found, done.stderr
    assert int(found[1]) > 100
    assert int(found[2]) <= MOST_MIB
