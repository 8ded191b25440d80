from pathlib import Path

import pytest
import torch

from model.errors import InputError
from model.training.snapshot import latest_snapshot, load_snapshot, save_snapshot


def test_the_newest_are_kept(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        save_snapshot(tmp_path, step, {"step": step}, keep=2)

    assert [p.name for p in sorted(tmp_path.iterdir())] == [
        "step-000000010.pt",
        "step-000000100.pt",
    ]
    assert latest_snapshot(tmp_path) == tmp_path / "step-000000100.pt"


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    state = {"step": 3, "network": {"w": torch.arange(3.0)}}

    loaded = load_snapshot(save_snapshot(tmp_path / "new", 3, state, keep=1))

    torch.testing.assert_close(loaded, state)


def test_a_write_that_broke_off_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / ".step-000000005.pt.abc.part").write_bytes(b"half")

    assert latest_snapshot(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04"])
def test_a_damaged_snapshot_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "step-000000005.pt"
    path.write_bytes(content)

    with pytest.raises(InputError, match=r"step-000000005\.pt cannot be read") as caught:
        load_snapshot(path)

    assert caught.value.code == "bad_snapshot"


def test_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "step-000000005.pt"
    torch.save([1], path)

    with pytest.raises(InputError, match="holds a list"):
        load_snapshot(path)
