"""The Python side of the messages is written wherever its tools are installed."""

import shutil
import subprocess
import sys
from pathlib import Path

PROTO = Path(__file__).resolve().parents[1] / "proto"


def test_no_environment_need_be_activated(tmp_path: Path) -> None:
    shutil.copytree(PROTO, tmp_path / "proto")
    (tmp_path / "service").mkdir()

    subprocess.run(
        [sys.executable, tmp_path / "proto" / "generate.py"],
        env={"PATH": "/usr/bin:/bin"},
        check=True,
    )

    written = {path.name for path in (tmp_path / "service" / "pb").rglob("*")}
    assert {"reconstruction_pb2.py", "reconstruction_pb2.pyi"} <= written
