"""Cores by affinity, and by the quota of a container."""

import os
from pathlib import Path

import pytest

from model import cores


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 6), ("250000 100000", 3), ("50000 100000", 1), ("nonsense", 6), (None, 6)],
)
def test_a_quota_bounds_what_may_be_used(
    quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cpu.max"
    if quota is not None:
        path.write_text(quota + "\n")
    monkeypatch.setattr(cores, "_QUOTA", path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)

    assert cores.usable_cores() == expected
