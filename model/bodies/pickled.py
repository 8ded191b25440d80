"""Reads the pickles of NumPy arrays and SciPy matrices without letting them run anything.

Only the names that such pickles need are admitted, and each stands for an inert class of this
module, so neither NumPy's nor SciPy's own unpickling is reached. SciPy need not be installed.

A made-up pickle may still put anything anywhere: what the methods here raise is any of `MALFORMED`.
"""

import io
import math
import pickle
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float64, Int64

from model.types import Array

MALFORMED = (ValueError, TypeError, AttributeError, LookupError, OverflowError, MemoryError)
"""What made-up contents may raise when they are read as what they are not."""


class SparseEntries(NamedTuple):
    """The stored entries of a sparse matrix, sorted by row and then by column."""

    rows: Int64[Array, "entries"]
    columns: Int64[Array, "entries"]
    values: Float64[Array, "entries"]


class PickledDtype:
    """Stands for `numpy.dtype`: plain numbers, or objects."""

    _NUMBERS = frozenset({"b1", "i1", "i4", "i8", "u1", "u4", "u8", "f4", "f8"})

    def __init__(self, kind: object, *_flags: object) -> None:
        self.kind, self.order = kind, "|"

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.order = state[1]

    def is_object(self) -> bool:
        """Whether elements are other pickled things."""
        return self.kind in ("O8", "O4", "O")

    def to_dtype(self) -> np.dtype:
        """Return the dtype of plain numbers."""
        if self.kind not in self._NUMBERS or self.order not in ("<", ">", "|", "="):
            raise ValueError(f"holds an array of unexpected type {self.order!r}{self.kind!r}")
        return np.dtype(f"{self.order}{self.kind}")


class PickledArray:
    """Stands for `numpy.ndarray` and for the function that rebuilds one."""

    def __init__(self, *_rebuild_arguments: object) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.state = state

    def to_array(self) -> Array:
        """Return the array of plain numbers."""
        _, shape, dtype, fortran_order, data = self.state
        numbers = dtype.to_dtype()
        # Python 2 wrote bytes as text, which was read back as Latin-1.
        content = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(content, bytes) or math.prod(shape) * numbers.itemsize != len(content):
            raise ValueError(f"holds an array of another size than its shape {shape}")
        array = np.frombuffer(content, numbers)
        return array.reshape(shape, order="F" if fortran_order else "C")

    def to_list(self) -> list[Any]:
        """Return the elements of an array of objects, or the rows of one of numbers."""
        _, _, dtype, _, data = self.state
        return list(data) if dtype.is_object() else list(self.to_array())


class PickledMatrix:
    """Stands for SciPy's compressed sparse matrices."""

    by_row: ClassVar[bool]

    def __init__(self, *_arguments: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.state = state

    def to_entries(self, shape: tuple[int, int]) -> SparseEntries:
        """Return what is stored in a matrix that must have this shape."""
        if tuple(self.state["_shape"]) != shape:
            raise ValueError(f"holds a matrix of {self.state['_shape']}, expected {shape}")
        major, minor = shape if self.by_row else shape[::-1]
        indptr, indices, values = (
            self.state[name].to_array() for name in ("indptr", "indices", "data")
        )
        steps = np.diff(indptr.astype(np.int64))
        if len(steps) != major or indptr[0] != 0 or (steps < 0).any():
            raise ValueError("holds a sparse matrix with wrong pointers")
        if not indices.shape == values.shape == (steps.sum(),):
            raise ValueError("holds a sparse matrix with missing entries")
        if ((indices < 0) | (indices >= minor)).any():
            raise ValueError("holds a sparse matrix with indices outside it")
        majors, minors = np.repeat(np.arange(major), steps), indices.astype(np.int64)
        rows, columns = (majors, minors) if self.by_row else (minors, majors)
        order = np.lexsort((columns, rows))
        return SparseEntries(rows[order], columns[order], values.astype(np.float64)[order])


class PickledCsc(PickledMatrix):
    """Stands for SciPy's `csc_matrix`."""

    by_row = False


class PickledCsr(PickledMatrix):
    """Stands for SciPy's `csr_matrix`."""

    by_row = True


# Modules have moved between releases; each pickle names them as its writer knew them.
_STAND_INS: dict[tuple[str, str], type] = {
    **{(f"numpy.{core}.multiarray", "_reconstruct"): PickledArray for core in ("core", "_core")},
    ("numpy", "ndarray"): PickledArray,
    ("numpy", "dtype"): PickledDtype,
    **{(f"scipy.sparse.{module}csc", "csc_matrix"): PickledCsc for module in ("", "_")},
    **{(f"scipy.sparse.{module}csr", "csr_matrix"): PickledCsr for module in ("", "_")},
}


class _InertUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> type:
        stand_in = _STAND_INS.get((module, name))
        if stand_in is None:
            raise ValueError(f"it asks for '{module}.{name}', which no mesh file needs")
        return stand_in


def load_inert(pickled: bytes) -> PickledArray:
    """Unpickle one array without running anything.

    Raises:
        ValueError: It is no pickle of a NumPy array, or asks for anything else.
    """
    try:
        array = _InertUnpickler(io.BytesIO(pickled), encoding="latin1").load()
    except (pickle.UnpicklingError, EOFError, *MALFORMED) as error:
        raise ValueError(f"holds a pickle that cannot be read: {error}") from error
    if not isinstance(array, PickledArray):
        raise ValueError(f"holds a pickled {type(array).__name__}, expected an array")
    return array
