"""A table on disk that grows at its end: a file per column, memory-mapped to be read.

A long video's rows do not fit in memory. Here they need none: appending writes them away, and
reading maps the files, so that only the rows somebody looks at are loaded.
"""

import mmap
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from jaxtyping import Int

from model.atomic import explained
from model.types import Array

Columns = dict[str, tuple[type[np.generic], tuple[int, ...]]]
"""Type and shape of a row's value, by column."""


class Spool:
    """Rows of several columns in a folder that nobody else writes to.

    Args:
        folder: Is created; whatever columns it holds are overwritten.
        columns: What a row consists of.

    Raises:
        OutputError: `disk_full` or `unwritable_output`, here and on appending.
    """

    def __init__(self, folder: Path, columns: Columns) -> None:
        self._folder = folder
        self.columns = columns
        self._rows = 0
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            for column in columns:
                self._path(column).write_bytes(b"")

    def __len__(self) -> int:
        return self._rows

    def append(self, values: Mapping[str, Array]) -> None:
        """Add rows at the end; `values` holds every column's, all of one length."""
        assert values.keys() == self.columns.keys(), f"{set(values)} for {set(self.columns)}"
        lengths = {len(value) for value in values.values()}
        assert len(lengths) == 1, f"columns of lengths {lengths}"
        with self._explained():
            for column, (dtype, shape) in self.columns.items():
                value = values[column]
                assert value.shape[1:] == shape, f"{column}: {value.shape[1:]}, expected {shape}"
                with self._path(column).open("ab") as file:
                    file.write(np.ascontiguousarray(value, dtype).data)
        self._rows += lengths.pop()

    def read(self) -> dict[str, Array]:
        """Return all columns, mapped read-only. The maps outlive the spool."""
        return {column: self._map(column) for column in self.columns}

    def take(self, rows: Int[Array, "k"]) -> dict[str, Array]:
        """Return copies of some rows; nothing of them stays mapped."""
        return {column: mapped[rows] for column, mapped in self.read().items()}

    def delete(self) -> None:
        """Delete the files; what was read before stays readable."""
        with self._explained():
            for column in self.columns:
                self._path(column).unlink()
            self._folder.rmdir()

    def _path(self, column: str) -> Path:
        return self._folder / f"{column}.bin"

    def _map(self, column: str) -> Array:
        dtype, shape = self.columns[column]
        if not self._rows:  # an empty file cannot be mapped
            return np.empty((0, *shape), dtype)
        return np.memmap(self._path(column), dtype, mode="r", shape=(self._rows, *shape))

    def _explained(self) -> AbstractContextManager[None]:
        return explained(self._folder, "keep working files elsewhere (TMPDIR)")


def forget(values: Array) -> None:
    """Let go of what was read of a mapped column; whoever looks again, reads again.

    Pages of a map count as the process's memory until somebody needs the space, so a long
    column that is walked through once would seem to fill it. Arrays in memory stay as they are.
    """
    owner: object = values
    while isinstance(owner, Array):
        owner = owner.base
    if isinstance(owner, mmap.mmap):
        owner.madvise(mmap.MADV_DONTNEED)
