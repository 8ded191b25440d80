import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from model.reconstruction import Reconstruction
from tests.model.dancers import reconstruction_of
from tests.model.people import make_sequence

TIMES_S = np.arange(30) / 30


@pytest.fixture(scope="module")
def reconstruction() -> Reconstruction:
    return reconstruction_of(make_sequence(TIMES_S, sway_m=0.2))


def test_vertices_are_the_folded_matrix_about_the_pelvis(reconstruction: Reconstruction) -> None:
    (sequence,) = reconstruction.sequences

    mesh = reconstruction.mesh(sequence, slice(3, 5))

    up = reconstruction.upsampling
    fine_m = np.einsum("vc,ncx->nvx", up.weight, sequence.coarse_m[3:5]) + up.bias[:, None]
    regressed_m = np.einsum("jv,nvx->njx", reconstruction.body.joint_regressor, fine_m)
    np.testing.assert_allclose(mesh.vertices_m, fine_m - regressed_m[:, :1], atol=1e-5)
    np.testing.assert_allclose(
        mesh.joints3d_m[:, 2], (regressed_m - regressed_m[:, :1])[:, 1], atol=1e-5
    )


def test_the_pelvis_of_the_mesh_is_its_origin(reconstruction: Reconstruction) -> None:
    mesh = reconstruction.mesh(reconstruction.sequences[0], slice(0, 30))

    pelvis_m = reconstruction.body.joint_regressor[0] @ mesh.vertices_m

    assert np.abs(pelvis_m).max() < 1e-5


def test_meshes_do_not_depend_on_how_rows_are_sliced(reconstruction: Reconstruction) -> None:
    (sequence,) = reconstruction.sequences
    smoothed = reconstruction.smoothed("light")

    whole = smoothed.mesh(sequence, slice(0, 30))
    parts = [smoothed.mesh(sequence, slice(i, min(i + 7, 30))) for i in range(0, 30, 7)]

    for column in ("vertices_m", "joints2d_px", "translation_m", "view_rotmat"):
        joined = np.concatenate([getattr(part, column) for part in parts])
        np.testing.assert_allclose(joined, getattr(whole, column), atol=2e-5, rtol=1e-5)


def test_a_placed_mesh_can_be_had_from_what_the_npz_holds(reconstruction: Reconstruction) -> None:
    """The lines of docs/geometry.md."""
    (sequence,) = reconstruction.sequences
    mesh = reconstruction.mesh(sequence, slice(0, 1))
    crop_px, intrinsics = sequence.crop_px[0], reconstruction.intrinsics

    ray = np.linalg.solve(intrinsics, [*(crop_px[:2] + crop_px[2:]) / 2, 1])
    turn = Rotation.align_vectors(ray, [0, 0, 1])[0].as_matrix()
    placed_m = mesh.vertices_m[0] @ turn.T + mesh.translation_m[0]

    np.testing.assert_allclose(placed_m, mesh.placed_m()[0], atol=1e-4)
    x, y, z = ray / np.linalg.norm(ray)
    off_axis = np.array([[x * x, x * y], [x * y, y * y]]) / (1 + z)
    plain = np.block([[np.eye(2) - off_axis, np.array([[x], [y]])], [np.array([[-x, -y, z]])]])
    np.testing.assert_allclose(mesh.view_rotmat[0], plain, atol=1e-5)


def test_off_is_the_same_object(reconstruction: Reconstruction) -> None:
    assert reconstruction.smoothed("off") is reconstruction


def test_smoothing_changes_what_is_handed_out_and_keeps_what_the_network_gave(
    reconstruction: Reconstruction,
) -> None:
    (sequence,) = reconstruction.sequences
    smoothed = reconstruction.smoothed("strong")

    assert smoothed.meta.smoothing == "strong"
    assert smoothed.sequences is reconstruction.sequences
    shown = smoothed.shown(sequence, slice(0, 30))
    assert not np.array_equal(shown.coarse_m, sequence.coarse_m)
    assert smoothed.smoothed("off").shown(sequence, slice(0, 30)).coarse_m.base is not None


def test_rows_counts_all_people() -> None:
    sequences = (make_sequence(TIMES_S), make_sequence(TIMES_S[:4]))

    assert reconstruction_of(*sequences).rows == 34
