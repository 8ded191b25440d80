"""Whole files or none, on real folders and a real full disk."""

from pathlib import Path

import pytest

from model.atomic import replacing
from model.errors import InputError, OutputError


def _write_half(target: Path, error: BaseException) -> None:
    with replacing(target) as temporary:
        temporary.write_bytes(b"half")
        raise error


def _write(target: Path, size: int = 1) -> None:
    with replacing(target) as temporary:
        temporary.write_bytes(bytes(size))


def test_the_result_appears_at_the_end_of_the_block(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    with replacing(target) as temporary:
        temporary.write_bytes(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), InputError("bad", "bad"), ValueError()])
def test_what_was_there_stays_when_the_block_fails(tmp_path: Path, error: BaseException) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with pytest.raises(type(error)):
        _write_half(target, error)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_full_disk_is_named(tiny_disk: Path) -> None:
    with pytest.raises(OutputError, match="full; free some space") as caught:
        _write(tiny_disk / "out.bin", size=1 << 20)
    assert caught.value.code == "disk_full"
    assert list(tiny_disk.iterdir()) == []


def test_a_folder_that_is_absent_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"there is no folder .*; create it first") as caught:
        _write(tmp_path / "absent" / "out.bin")
    assert caught.value.code == "unwritable_output"


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a folder; give the name of a file"):
        _write(tmp_path)


def test_any_other_reason_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="File name too long"):
        _write(tmp_path / ("x" * 300))


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 250)
    _write(target)
    assert target.stat().st_size == 1
