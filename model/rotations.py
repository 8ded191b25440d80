"""Rotation matrices: the nearest one, and the way from one to another. Knows nothing of bodies."""

import numpy as np
from jaxtyping import Float, Float32

from model.types import Array


def nearest_rotmat(matrices: Float[Array, "*batch 3 3"]) -> Float32[Array, "*batch 3 3"]:
    """Return the rotations nearest in the Frobenius norm (Kabsch 1976)."""
    u, _, vt = np.linalg.svd(matrices)
    u[..., 2] *= np.linalg.det(u @ vt)[..., None]  # never a reflection
    return (u @ vt).astype(np.float32)


def slerp_rotmat(
    start: Float[Array, "*batch 3 3"],
    end: Float[Array, "*batch 3 3"],
    share: Float[Array, "*#batch"],
) -> Float32[Array, "*batch 3 3"]:
    """Return the rotation `share` of the way along the shortest turn (Shoemake 1985)."""
    turn = rotmat_to_unitquat(np.swapaxes(start, -1, -2) @ end)
    sine = np.linalg.norm(turn[..., 1:], axis=-1, keepdims=True)
    angle = share[..., None] * np.arctan2(sine, turn[..., :1])
    axis = turn[..., 1:] / np.maximum(sine, np.finfo(np.float64).tiny)
    part = np.concatenate([np.cos(angle), np.sin(angle) * axis], axis=-1)
    return (start @ unitquat_to_rotmat(part)).astype(np.float32)


def rotmat_to_unitquat(rotmat: Float[Array, "*batch 3 3"]) -> Float[Array, "*batch 4"]:
    """Return (w, x, y, z) with w >= 0: the main eigenvector of Bar-Itzhack's matrix (2000).

    It has no special cases, and takes matrices that are rotations only nearly.
    """
    m = np.asarray(rotmat, np.float64)
    matrix = np.empty((*m.shape[:-2], 4, 4))
    matrix[..., 0, 0] = np.trace(m, axis1=-2, axis2=-1)
    antisymmetric = m - np.swapaxes(m, -1, -2)
    vector = np.stack(
        [antisymmetric[..., 2, 1], antisymmetric[..., 0, 2], antisymmetric[..., 1, 0]], axis=-1
    )
    matrix[..., 0, 1:] = matrix[..., 1:, 0] = vector
    matrix[..., 1:, 1:] = m + np.swapaxes(m, -1, -2) - matrix[..., :1, :1] * np.eye(3)
    unitquat = np.linalg.eigh(matrix)[1][..., -1]
    return unitquat * np.where(unitquat[..., :1] < 0, -1.0, 1.0)


def unitquat_to_rotmat(unitquat: Float[Array, "*batch 4"]) -> Float[Array, "*batch 3 3"]:
    """Return the rotations of unit quaternions (w, x, y, z)."""
    w, x, y, z = np.moveaxis(unitquat, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), (0, 1), (-2, -1))


def rotvec_to_rotmat(rotvec: Float[Array, "*batch 3"]) -> Float32[Array, "*batch 3 3"]:
    """Turn axis-angle vectors, in radians, into rotation matrices (Rodrigues' formula)."""
    angle = np.linalg.norm(rotvec, axis=-1)[..., None, None]  # [...,1,1]
    # sin(a)/a and (1-cos(a))/a^2, which are smooth at zero, through numpy's sinc(x/pi).
    sine_part, cosine_part = np.sinc(angle / np.pi), np.sinc(angle / (2 * np.pi)) ** 2 / 2
    cross = np.cross(rotvec[..., None, :], np.eye(3), axis=-1)  # [...,3,3]
    cross = cross.swapaxes(-1, -2)  # its columns are rotvec x e
    rotmat: Array = np.eye(3) + sine_part * cross + cosine_part * (cross @ cross)
    return rotmat.astype(np.float32)


def rotmat_to_rotvec(rotmat: Float[Array, "*batch 3 3"]) -> Float32[Array, "*batch 3"]:
    """Turn rotation matrices into axis times angle, the angle at most pi."""
    unitquat = rotmat_to_unitquat(rotmat)
    sine = np.linalg.norm(unitquat[..., 1:], axis=-1, keepdims=True)
    angle = 2 * np.arctan2(sine, unitquat[..., :1])
    stretch = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 2)  # 2 is the limit at rest
    return (unitquat[..., 1:] * stretch).astype(np.float32)
