import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from model.rotations import (
    nearest_rotmat,
    rotmat_to_rotvec,
    rotmat_to_unitquat,
    rotvec_to_rotmat,
    slerp_rotmat,
    unitquat_to_rotmat,
)
from tests.model.people import random_rotmats


def test_quaternions_are_scipys_with_w_first() -> None:
    rotmats = random_rotmats(0, 50)
    half_turns = np.array([np.diag([1, -1, -1]), np.diag([-1, -1, 1]), np.eye(3)])
    rotmats = np.concatenate([rotmats, half_turns.astype(np.float32)])

    unitquats = rotmat_to_unitquat(rotmats)

    expected = Rotation.from_matrix(rotmats).as_quat(canonical=True, scalar_first=True)
    np.testing.assert_allclose(np.abs((unitquats * expected).sum(1)), 1, atol=1e-6)
    assert (unitquats[:, 0] >= 0).all()
    np.testing.assert_allclose(unitquat_to_rotmat(unitquats), rotmats, atol=1e-6)


def test_slerp_is_scipys() -> None:
    start, end = random_rotmats(1, 20), random_rotmats(2, 20)
    share = np.linspace(0, 1, 20)

    between = slerp_rotmat(start, end, share)

    for i in range(20):
        pair = Rotation.from_matrix(np.stack([start[i], end[i]]))
        expected = Slerp([0, 1], pair)(share[i]).as_matrix()
        np.testing.assert_allclose(between[i], expected, atol=1e-5)


def test_slerp_between_equal_rotations_stays() -> None:
    rotmats = random_rotmats(3, 5, 24)

    between = slerp_rotmat(rotmats, rotmats, np.full((5, 1), 0.3))

    np.testing.assert_allclose(between, rotmats, atol=1e-6)


def test_the_nearest_rotation_is_nearer_than_others_and_no_reflection() -> None:
    noise = np.random.default_rng(4).normal(0, 0.4, (50, 3, 3)).astype(np.float32)
    noisy = random_rotmats(4, 50) + noise

    nearest = nearest_rotmat(noisy)

    np.testing.assert_allclose(np.linalg.det(nearest), 1, atol=1e-5)
    # tr(R^T M) is largest where the distance is least
    others = random_rotmats(5, 200)
    mine = np.einsum("nij,nij->n", nearest, noisy)
    theirs = np.einsum("oij,nij->no", others, noisy).max(axis=1)
    assert (mine >= theirs - 1e-5).all()


def test_rotation_vectors_are_scipys() -> None:
    quarter, half = np.array([0, 0, np.pi / 2]), np.array([0, np.pi, 0])
    vectors = np.concatenate([np.zeros((1, 3)), [quarter, half * 0.999], np.eye(3) * 1e-7])

    rotvec = rotmat_to_rotvec(Rotation.from_rotvec(vectors).as_matrix())

    np.testing.assert_allclose(rotvec, vectors, atol=1e-6)
    np.testing.assert_allclose(rotvec_to_rotmat(rotvec), rotvec_to_rotmat(vectors), atol=1e-6)
