import pickle
from pathlib import Path

import pytest

from model.errors import InputError
from model.training.tsv import TsvFile

ROWS = ["a\t1", "b\tä", "c\t333"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x.tsv"
    path.write_text("".join(f"{row}\n" for row in ROWS))
    return path


@pytest.mark.parametrize("index", ["0\n4\n9\n", None])
def test_rows_are_read_in_any_order(path: Path, index: str | None) -> None:
    if index:
        path.with_suffix(".lineidx").write_text(index)

    file = TsvFile(path)

    assert len(file) == 3
    assert [file.row(i) for i in (2, 0, 1)] == [["c", "333"], ["a", "1"], ["b", "ä"]]


def test_a_last_row_without_a_line_end_is_a_row(path: Path) -> None:
    path.write_text("\n".join(ROWS))

    assert TsvFile(path).row(2) == ["c", "333"]


def test_an_empty_file_has_no_rows(path: Path) -> None:
    path.write_text("")

    assert len(TsvFile(path)) == 0


@pytest.mark.parametrize("index", ["0\n5\n9\n", "0\n4\n90\n", "3\n4\n9\n", "0\nx\n"])
def test_offsets_of_another_file_are_refused(path: Path, index: str) -> None:
    path.with_suffix(".lineidx").write_text(index)

    with pytest.raises(InputError, match=r"x\.lineidx .*delete it") as caught:
        TsvFile(path)

    assert caught.value.code == "bad_tsv"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.tsv") as caught:
        TsvFile(tmp_path / "gone.tsv")

    assert caught.value.code == "missing_file"


def test_bytes_that_are_no_text_are_named_with_their_line(path: Path) -> None:
    path.write_bytes(b"a\t1\n\xff\xfe\t2\n")

    with pytest.raises(InputError, match=r"x\.tsv, line 2 is no UTF-8"):
        TsvFile(path).row(1)


def test_a_row_that_is_not_there_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match="has 3 rows, no row 4"):
        TsvFile(path).row(3)


def test_travels_to_another_process(path: Path) -> None:
    file = TsvFile(path)
    file.row(0)

    assert pickle.loads(pickle.dumps(file)).row(1) == ["b", "ä"]
