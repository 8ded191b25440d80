"""Pickled arrays and matrices are read as they are, and nothing in a pickle runs."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, csr_matrix

from model.bodies.pickled import MALFORMED, load_inert
from model.types import Array
from tests.model.malice import Touch


def objects(*items: Any) -> bytes:
    """Pickle an array of objects."""
    array = np.empty(len(items), object)
    array[:] = items
    return pickle.dumps(array)


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i4", "u1", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_read_as_it_was(dtype: str, order: str) -> None:
    array = np.asarray(np.arange(6).reshape(2, 3), dtype, order=order)  # type: ignore[call-overload]

    np.testing.assert_array_equal(load_inert(pickle.dumps(array)).to_array(), array)


@pytest.mark.parametrize("kind", [csc_matrix, csr_matrix])
def test_a_matrix_is_read_by_row_however_it_is_stored(kind: Any) -> None:
    dense: Array = np.random.default_rng(0).integers(0, 3, (5, 4)).astype(float)

    (matrix,) = load_inert(objects(kind(dense))).to_list()

    entries = matrix.to_entries((5, 4))
    rows, columns = dense.nonzero()  # sorted by row, then by column
    np.testing.assert_array_equal(entries.rows, rows)
    np.testing.assert_array_equal(entries.columns, columns)
    np.testing.assert_array_equal(entries.values, dense[rows, columns])


def test_a_matrix_of_another_shape_is_refused() -> None:
    (matrix,) = load_inert(objects(csc_matrix(np.eye(3)))).to_list()

    with pytest.raises(ValueError, match=r"holds a matrix of \(3, 3\), expected \(4, 4\)"):
        matrix.to_entries((4, 4))


def test_a_call_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pathlib\.Path"):
        load_inert(objects(Touch(tmp_path / "ran")))

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "numpy.load", "numpy._core.multiarray.x"]
)
def test_a_name_that_no_mesh_needs_is_refused(name: str) -> None:
    module, _, attribute = name.rpartition(".")

    with pytest.raises(ValueError, match=f"asks for '{name}'"):
        load_inert(f"c{module}\n{attribute}\n.".encode())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps({"not": "an array"}),
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"x.",  # claims a terabyte of bytes
    ],
)
def test_what_is_no_pickled_array_is_a_value_error(content: bytes) -> None:
    with pytest.raises(ValueError, match="holds a pickle"):
        load_inert(content)


def test_an_array_without_a_state_is_malformed() -> None:
    array = load_inert(b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR.")

    with pytest.raises(MALFORMED):
        array.to_array()
