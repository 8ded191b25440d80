"""Tab-separated files as METRO has them: big, and read row by row at random.

Beside `x.tsv` lies `x.lineidx` with the byte offset of every row. Errors name the file, and the
row as an editor counts lines.
"""

import functools
import mmap
import os
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from model.errors import InputError
from model.types import Array


class TsvFile:
    """One file. It is mapped, not read, so that many processes may share it.

    Raises:
        InputError: `missing_file`, or `bad_tsv` where the offsets do not fit the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._offsets = read_offsets(path)

    def __len__(self) -> int:
        return len(self._offsets)

    def __getstate__(self) -> dict[str, object]:
        """Leave the map behind on the way to another process."""
        return {"path": self.path, "_offsets": self._offsets}

    def row(self, index: int) -> list[str]:
        """The columns of a row, counted from 0.

        Raises:
            InputError: `bad_tsv`: there is no such row, or it is no UTF-8.
        """
        if not 0 <= index < len(self):
            raise InputError("bad_tsv", f"{self.path} has {len(self)} rows, no row {index + 1}")
        start = int(self._offsets[index])
        end = self._map.find(b"\n", start)
        line = self._map[start : end if end >= 0 else len(self._map)]
        try:
            return line.decode().rstrip("\r").split("\t")
        except UnicodeDecodeError as error:
            raise self.error(index, "is no UTF-8 text", "make the file again") from error

    def error(self, index: int, fault: str, remedy: str) -> InputError:
        """What to raise about a row."""
        return InputError("bad_tsv", f"{self.path}, line {index + 1} {fault}; {remedy}")

    @functools.cached_property
    def _map(self) -> mmap.mmap:
        with self.path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def read_offsets(path: Path) -> Int64[Array, "rows"]:
    """Byte offsets of the rows of `x.tsv`, from `x.lineidx` or, without one, by looking.

    Raises:
        InputError: `missing_file`; `bad_tsv` where offsets do not point at starts of rows.
    """
    size = _size(path)
    index_path = path.with_suffix(".lineidx")
    if not index_path.is_file():
        return _find_rows(path)
    try:
        offsets = np.array(index_path.read_text().split(), np.int64)
    except ValueError as error:
        raise InputError(
            "bad_tsv", f"{index_path} holds something other than byte offsets; delete it"
        ) from error
    with path.open("rb") as file:
        if not all(_starts_row(file.fileno(), o, size) for o in offsets.tolist()):
            raise InputError(
                "bad_tsv", f"{index_path} does not fit {path}; delete it, or make it again"
            )
    return offsets


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise InputError(
            "missing_file", f"{path} cannot be read ({error.strerror}); expected a TSV file"
        ) from error


def _starts_row(file: int, offset: int, size: int) -> bool:
    return offset == 0 or (0 < offset < size and os.pread(file, 1, offset - 1) == b"\n")


def _find_rows(path: Path) -> Int64[Array, "rows"]:
    with path.open("rb") as file:
        lengths = [len(line) for line in file]
    return np.cumsum([0, *lengths[:-1]], dtype=np.int64) if lengths else np.zeros(0, np.int64)
