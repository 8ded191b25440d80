"""SMPL's topology from the published files, and from files that only pretend to be them."""

import io
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csc_matrix, identity

from model.bodies import load_body
from model.bodies.import_smpl import import_smpl
from model.errors import InputError, OutputError
from model.types import COARSE, FINE, INTERMEDIATE, Array
from tests.model.malice import Touch

Levels = dict[str, list[Any]]


@pytest.fixture
def levels() -> Levels:
    """The entries of a mesh file with made-up numbers in SMPL's shapes."""
    rng = np.random.default_rng(0)
    columns = np.stack([rng.choice(INTERMEDIATE, 3, replace=False) for _ in range(FINE)])
    entries = (rng.normal(size=3 * FINE), (np.repeat(np.arange(FINE), 3), columns.ravel()))
    sizes = (FINE, INTERMEDIATE, COARSE)
    ring = identity(COARSE, format="csc")[:, [*range(1, COARSE), 0]] * 2.0
    return {
        "A": [None, None, csc_matrix(ring + ring.T)],
        "U": [csc_matrix(entries, shape=(FINE, INTERMEDIATE))],
        "D": [
            csc_matrix(identity(FINE, format="csr")[:INTERMEDIATE]),
            csc_matrix(identity(INTERMEDIATE, format="csr")[:COARSE]),
        ],
        "F": [rng.integers(0, n, (2 * n - 4, 3)).astype(np.uint32) for n in sizes],
    }


@pytest.fixture
def regressor_path(tmp_path: Path) -> Path:
    regressor = np.zeros((17, FINE))
    regressor[np.arange(17), np.arange(17)] = 1
    np.save(tmp_path / "regressor.npy", regressor)
    return tmp_path / "regressor.npy"


def write_mesh(path: Path, entries: Levels) -> Path:
    """Write an NPZ file of pickled object arrays, as the published one is."""
    arrays = {}
    for name, items in entries.items():
        arrays[name] = np.empty(len(items), object)
        arrays[name][:] = items
    np.savez(path, **arrays)
    return path


def write_entry(path: Path, content: bytes, shape: tuple[int, ...] = (3,)) -> Path:
    """Write a mesh file whose entry `A` is an object array pickled as `content`."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": shape}
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("A.npy", header.getvalue() + content)
    return path


def import_and_load(mesh: Path, regressor: Path, models_dir: Path) -> Any:
    import_smpl(mesh, regressor, models_dir)
    return load_body("smpl", models_dir)


def test_what_is_stored_is_what_was_published(
    levels: Levels, regressor_path: Path, tmp_path: Path
) -> None:
    mesh = write_mesh(tmp_path / "mesh.npz", levels)

    body = import_and_load(mesh, regressor_path, tmp_path)

    up = np.zeros((FINE, INTERMEDIATE), np.float32)
    np.put_along_axis(up, *body.intermediate_to_fine, axis=1)
    np.testing.assert_allclose(up, levels["U"][0].toarray(), rtol=1e-6)
    np.testing.assert_array_equal(body.faces, levels["F"][0])
    np.testing.assert_array_equal(body.fine_to_intermediate, np.arange(INTERMEDIATE))
    expected = levels["A"][2].toarray().astype(bool) | np.eye(COARSE, dtype=bool)
    np.testing.assert_array_equal(body.coarse_adjacency, expected)


def test_a_malicious_mesh_file_does_not_run(
    levels: Levels, regressor_path: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    mesh = write_mesh(tmp_path / "mesh.npz", {**levels, "U": [Touch(trace)]})

    with pytest.raises(InputError, match=r"pathlib\.Path") as raised:
        import_smpl(mesh, regressor_path, tmp_path)

    assert raised.value.code == "bad_mesh_file"
    assert not trace.exists()


def test_an_entry_that_is_not_needed_is_not_unpickled(
    levels: Levels, regressor_path: Path, tmp_path: Path
) -> None:
    trace = tmp_path / "ran"
    mesh = write_mesh(tmp_path / "mesh.npz", {**levels, "M": [Touch(trace)]})

    import_smpl(mesh, regressor_path, tmp_path)

    assert not trace.exists()


@pytest.mark.parametrize("inside", ["npy", "bare"])
def test_a_malicious_joint_regressor_does_not_run(
    inside: str, levels: Levels, tmp_path: Path
) -> None:
    trace, regressor = tmp_path / "ran", tmp_path / "regressor.npy"
    if inside == "npy":
        np.save(regressor, np.array([Touch(trace)], object))
    else:
        regressor.write_bytes(pickle.dumps(Touch(trace)))

    with pytest.raises(InputError) as raised:
        import_smpl(write_mesh(tmp_path / "mesh.npz", levels), regressor, tmp_path)

    assert raised.value.code == "bad_joint_regressor"
    assert not trace.exists()


def without(levels: Levels, name: str) -> Levels:
    return {other: items for other, items in levels.items() if other != name}


def drop_an_entry(levels: Levels) -> Levels:
    sparse = levels["U"][0].tolil()
    sparse[7] = 0
    return {**levels, "U": [csc_matrix(sparse)]}


def point_outside(levels: Levels) -> Levels:
    matrix = levels["U"][0].copy()
    matrix.indices[5] = FINE
    return {**levels, "U": [matrix]}


def scale_a_selection(levels: Levels) -> Levels:
    return {**levels, "D": [2 * matrix for matrix in levels["D"]]}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda levels: without(levels, "F"), "no array 'F'"),
        (lambda levels: {**levels, "A": levels["A"][:2]}, "other things"),
        (lambda levels: {**levels, "U": [np.zeros(3)]}, "other things"),
        (lambda levels: {**levels, "F": levels["F"][::-1]}, "do not fit 6890"),
        (drop_an_entry, "exactly three"),
        (point_outside, "indices outside"),
        (scale_a_selection, "no selection"),
    ],
)
def test_a_mesh_file_that_lacks_something_says_what(
    spoil: Any, reason: str, levels: Levels, regressor_path: Path, tmp_path: Path
) -> None:
    mesh = write_mesh(tmp_path / "mesh.npz", spoil(levels))

    with pytest.raises(InputError, match=reason) as raised:
        import_smpl(mesh, regressor_path, tmp_path)

    assert raised.value.code == "bad_mesh_file"
    assert "\n" not in raised.value.message
    assert not (tmp_path / "bodies").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no pickle",
        pickle.dumps({"not": "an array"}),
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(tR}b.",  # an array without a state
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"x.",  # claims a terabyte of bytes
    ],
)
def test_a_damaged_pickle_is_a_bad_mesh_file(
    content: bytes, regressor_path: Path, tmp_path: Path
) -> None:
    mesh = write_entry(tmp_path / "mesh.npz", content)

    with pytest.raises(InputError) as raised:
        import_smpl(mesh, regressor_path, tmp_path)

    assert raised.value.code == "bad_mesh_file"


@pytest.mark.parametrize(
    ("regressor", "reason"),
    [
        (np.zeros((17, FINE)), "sum to one"),
        (np.full((17, FINE), np.nan), "sum to one"),
        (np.ones((24, FINE)), r"float64\[24, 6890\]"),
        (np.ones((17, FINE), np.int64), "int64"),
    ],
)
def test_a_joint_regressor_that_is_none_says_why(
    regressor: Array, reason: str, tmp_path: Path
) -> None:
    np.save(tmp_path / "regressor.npy", regressor)

    with pytest.raises(InputError, match=reason) as raised:
        import_smpl(tmp_path / "mesh.npz", tmp_path / "regressor.npy", tmp_path)

    assert raised.value.code == "bad_joint_regressor"


def test_a_file_that_is_not_there_is_named(regressor_path: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"absent\.npz cannot be read"):
        import_smpl(tmp_path / "absent.npz", regressor_path, tmp_path)


def test_a_models_folder_that_cannot_be_written_is_an_output_error(
    levels: Levels, regressor_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "models").write_text("no folder")

    with pytest.raises(OutputError) as raised:
        import_smpl(write_mesh(tmp_path / "m.npz", levels), regressor_path, tmp_path / "models")

    assert raised.value.code == "unwritable_output"


def test_scipy_is_not_imported() -> None:
    program = "import sys, model.bodies.import_smpl; sys.exit('scipy' in sys.modules)"

    status = subprocess.run([sys.executable, "-c", program], check=False).returncode

    assert status == 0


@pytest.mark.shared
def test_the_published_files_give_the_published_topology(shared: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    folder = shared / "smpl"
    mesh, regressor = folder / "mesh_downsampling.npz", folder / "J_regressor_h36m_correct.npy"

    body = import_and_load(mesh, regressor, tmp_path)

    published = torch.load(folder / "smpl_431_adjmat_indices.pt", weights_only=True).numpy()
    pattern = np.zeros((COARSE, COARSE), bool)
    pattern[published[0], published[1]] = True
    np.testing.assert_array_equal(body.coarse_adjacency, pattern)
    assert pattern.sum() == 3005
    assert body.faces.shape == (13776, 3)
    np.testing.assert_allclose(body.joint_regressor, np.load(regressor), atol=1e-7)
