"""Body files: what is written is read, and what is wrong is named."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from model.bodies import Body, load_body
from model.bodies.body_file import BUILTIN_FOLDER, list_bodies, read_body, write_body
from model.bodies.skinning import BODY_TO_CAMERA_AXES, load_anny
from model.errors import InputError, UsageError
from model.types import COARSE, FINE, Array
from tests.model.malice import Touch


@pytest.fixture(scope="module")
def anny() -> Body:
    return load_body("anny")


@pytest.fixture(scope="module")
def anny_arrays() -> dict[str, Array]:
    with np.load(BUILTIN_FOLDER / "anny.npz") as arrays:
        return dict(arrays)


def directed_edges(faces: Array) -> Array:
    return np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])


def test_a_body_is_read_as_it_was_written(anny: Body, tmp_path: Path) -> None:
    write_body(anny, tmp_path / "bodies" / "copy.npz")

    copy = load_body("copy", tmp_path)

    assert (copy.name, copy.licence) == ("copy", anny.licence)
    np.testing.assert_array_equal(copy.faces, anny.faces)
    np.testing.assert_array_equal(copy.joint_regressor, anny.joint_regressor)
    np.testing.assert_array_equal(
        copy.intermediate_to_fine.weights, anny.intermediate_to_fine.weights
    )


def test_faces_of_the_builtin_body_are_counter_clockwise_from_outside(anny: Body) -> None:
    full = load_anny()
    rest_m = full.skinning.vertices_m[full.full_to_fine] @ BODY_TO_CAMERA_AXES
    a, b, c = rest_m[anny.faces].swapaxes(0, 1)

    volume_m3 = np.einsum("fi,fi->", a, np.cross(b, c)) / 6

    # Triangles that face outwards enclose a positive volume, that of a person.
    assert 0.05 < volume_m3 < 0.09


def test_neighbouring_faces_are_wound_alike(anny: Body) -> None:
    edges, counts = np.unique(directed_edges(anny.faces), axis=0, return_counts=True)

    assert (counts == 1).mean() > 0.999
    assert len(np.unique(anny.faces)) == FINE
    assert len(edges) > 0


def test_hardly_a_face_is_folded_over(anny: Body) -> None:
    full = load_anny()
    full_m, faces = full.skinning.vertices_m, full.faces
    a, b, c = full_m[full.full_to_fine][anny.faces].swapaxes(0, 1)
    surface = vertex_normals(full_m, faces)[full.full_to_fine][anny.faces].sum(axis=1)

    folded = np.einsum("fi,fi->f", np.cross(b - a, c - a), surface) < 0

    assert folded.sum() < 20  # of 13776, in mouth and nostrils


def vertex_normals(vertices_m: Array, faces: Array) -> Array:
    a, b, c = vertices_m[faces].swapaxes(0, 1)
    normals = np.zeros_like(vertices_m)
    np.add.at(normals, faces, np.cross(b - a, c - a)[:, None])
    return normals


def test_every_coarse_vertex_has_neighbours(anny: Body) -> None:
    degree = anny.coarse_adjacency.sum(axis=1)

    assert degree.min() >= 3  # itself and two others
    assert degree.mean() == pytest.approx(7, abs=0.2)


def test_selected_vertices_are_interpolated_to_about_themselves(anny: Body) -> None:
    rest_m = load_anny().skinning.vertices_m[load_anny().full_to_fine]
    indices, weights = anny.intermediate_to_fine

    fine_m = np.einsum("vk,vkc->vc", weights, rest_m[anny.fine_to_intermediate][indices])

    chosen = anny.fine_to_intermediate
    np.testing.assert_allclose(fine_m[chosen], rest_m[chosen], atol=0.002)


def test_a_body_is_read_once() -> None:
    assert load_body("anny") is load_body("anny")


def test_an_unknown_body_lists_those_there_are(anny: Body, tmp_path: Path) -> None:
    write_body(anny, tmp_path / "bodies" / "mine.npz")
    write_body(anny, tmp_path / "outside.npz")

    for name in ("absent", "../outside", ""):
        with pytest.raises(UsageError, match="one of anny, mine") as raised:
            load_body(name, tmp_path)
        assert raised.value.code == "unknown_body"
    assert list_bodies(tmp_path) == ("anny", "mine")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"faces": None}, "'faces' is missing"),
        ({"faces": np.zeros((2, 4), np.int32)}, r"'faces' is int32\[2, 4\]"),
        ({"faces": np.full((2, 3), FINE, np.int32)}, "outside 0 to 6889"),
        ({"faces": np.full((2, 3), -1, np.int32)}, "outside 0 to 6889"),
        ({"faces": np.zeros((9**6, 3), np.int32)}, "531441 rows"),
        ({"joint_regressor": np.zeros((17, FINE))}, "expected float32"),
        ({"joint_regressor": np.full((17, FINE), np.nan, np.float32)}, "not finite"),
        ({"intermediate_to_fine_indices": np.full((FINE, 3), 1723, np.int32)}, "0 to 1722"),
        ({"rest_coarse_m": np.zeros((4, 3), np.float32)}, r"expected float32\[431, 3\]"),
        ({"coarse_adjacency": np.zeros((COARSE, COARSE), bool)}, "diagonal"),
        ({"licence": np.zeros(3)}, "no short string"),
    ],
)
def test_an_array_that_is_wrong_is_named(
    change: dict[str, Array | None], reason: str, anny_arrays: dict[str, Array], tmp_path: Path
) -> None:
    arrays = {name: array for name, array in (anny_arrays | change).items() if array is not None}
    np.savez(tmp_path / "odd.npz", **arrays)

    with pytest.raises(InputError, match=reason) as raised:
        read_body(tmp_path / "odd.npz")

    assert raised.value.code == "bad_body"
    assert "\n" not in raised.value.message


def test_a_pickle_in_a_body_file_does_not_run(
    anny_arrays: dict[str, Array], tmp_path: Path
) -> None:
    arrays = anny_arrays | {"faces": np.array([Touch(tmp_path / "ran")], object)}
    np.savez(tmp_path / "odd.npz", **arrays)

    with pytest.raises(InputError, match="'faces' holds pickled objects"):
        read_body(tmp_path / "odd.npz")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", pickle.dumps([1]), b"PK\x03\x04"])
def test_a_file_that_is_no_archive_is_a_bad_body(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "odd.npz").write_bytes(content)

    with pytest.raises(InputError, match="NPZ") as raised:
        read_body(tmp_path / "odd.npz")

    assert raised.value.code == "bad_body"


def test_a_body_that_could_not_be_read_is_not_written(anny: Body, tmp_path: Path) -> None:
    broken = Body(**{**vars(anny), "faces": anny.faces + FINE})

    with pytest.raises(ValueError, match="outside"):
        write_body(broken, tmp_path / "broken.npz")

    assert list(tmp_path.iterdir()) == []
