from pathlib import Path

import numpy as np
import psutil
import pytest

from model.errors import OutputError
from model.spool import Spool, forget

COLUMNS = {"time_s": (np.float64, ()), "point_m": (np.float32, (2, 3))}


def make_rows(count: int, start: int = 0) -> dict[str, np.ndarray]:
    numbers = np.arange(start, start + count)
    points_m = np.broadcast_to(numbers[:, None, None], (count, 2, 3)).astype(np.float32)
    return {"time_s": numbers / 30, "point_m": points_m}


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "rows", COLUMNS)
    spool.append(make_rows(3))
    spool.append(make_rows(2, start=3))

    read = spool.read()

    assert len(spool) == 5
    for column, expected in make_rows(5).items():
        assert isinstance(read[column], np.memmap)
        np.testing.assert_array_equal(read[column], expected)


def test_an_empty_spool_reads_as_no_rows(tmp_path: Path) -> None:
    read = Spool(tmp_path, COLUMNS).read()

    assert read["point_m"].shape == (0, 2, 3)


def test_rows_are_taken_in_any_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, COLUMNS)
    spool.append(make_rows(10))

    taken = spool.take(np.array([7, 0, 7]))

    assert list(taken["point_m"][:, 0, 0]) == [7, 0, 7]


def test_nothing_is_left_after_deleting_but_what_is_mapped(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "rows", COLUMNS)
    spool.append(make_rows(4))
    read = spool.read()

    spool.delete()

    assert not (tmp_path / "rows").exists()
    np.testing.assert_array_equal(read["time_s"], make_rows(4)["time_s"])


def test_a_folder_that_cannot_be_made_is_the_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OutputError, match=r"Not a directory.*TMPDIR") as raised:
        Spool(tmp_path / "file" / "rows", COLUMNS)

    assert raised.value.code == "unwritable_output"


def test_a_full_disk_is_the_users_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path, {"time_s": (np.float64, ())})
    monkeypatch.setattr(spool, "_path", lambda _: Path("/dev/full"))

    with pytest.raises(OutputError, match="is full") as raised:
        spool.append({"time_s": np.zeros(10_000)})

    assert raised.value.code == "disk_full"


def test_a_forgotten_column_leaves_memory_and_can_be_read_again(tmp_path: Path) -> None:
    spool = Spool(tmp_path, {"point_m": (np.float32, (1024,))})
    spool.append({"point_m": np.ones((8192, 1024), np.float32)})  # 32 MiB
    points_m = spool.read()["point_m"]
    before = psutil.Process().memory_info().rss
    assert points_m.sum() == 8192 * 1024
    full = psutil.Process().memory_info().rss

    forget(points_m[10:20])

    assert full - psutil.Process().memory_info().rss > 0.9 * (full - before)
    assert points_m[5, 5] == 1


def test_an_array_in_memory_is_not_forgotten() -> None:
    points_m = np.ones((4, 3), np.float32)

    forget(points_m[1:])

    assert points_m.sum() == 12
