"""How far a camera looks down, judged from how people stand: videos do not say.

The page judges likewise where its floor is (`service/web/src/body/floor.ts`).
"""

import numpy as np
from jaxtyping import Float32

from model.reconstruction import Reconstruction
from model.rotations import rotvec_to_rotmat
from model.types import JOINT_NAMES, Array, Sequence

_SAMPLES = 30
_UPRIGHT = 0.7  # cosine; who lies or bends says nothing about what is up
_LEFT_ANKLE, _RIGHT_ANKLE, _NECK = map(JOINT_NAMES.index, ("left_ankle", "right_ankle", "neck"))


def camera_pitch_rad(reconstruction: Reconstruction, sequence: Sequence) -> float:
    """Return how far down the camera of a person looks, in radians; level where nobody stands."""
    rows = np.linspace(0, len(sequence) - 1, min(_SAMPLES, len(sequence))).astype(int)
    joints_m = [_joints_m(reconstruction, sequence, int(row)) for row in rows]
    return pitch_of(np.stack(joints_m))


def upright_rotmat(pitch_rad: float) -> Float32[Array, "3 3"]:
    """Return what turns the axes of a camera that looks down so that y points to the ground."""
    return rotvec_to_rotmat(np.array([-pitch_rad, 0.0, 0.0]))


def pitch_of(joints_m: Float32[Array, "k 14 3"]) -> float:
    """Return how far down a camera looks that sees people so.

    Args:
        joints_m: J14, with the camera's axes: x right, y down, z away.
    """
    ankles_m, neck_m = joints_m[:, [_LEFT_ANKLE, _RIGHT_ANKLE]], joints_m[:, _NECK]
    up = _unit(neck_m - ankles_m.mean(axis=1))
    upright = up[-up[:, 1] >= _UPRIGHT]
    _, y, z = upright.sum(axis=0)
    return float(np.arctan2(-z, -y)) if len(upright) else 0.0


def _joints_m(
    reconstruction: Reconstruction, sequence: Sequence, row: int
) -> Float32[Array, "14 3"]:
    mesh = reconstruction.mesh(sequence, slice(row, row + 1))
    joints_m: Array = mesh.joints3d_m[0] @ mesh.view_rotmat[0].T
    return joints_m


def _unit(vectors: Float32[Array, "k 3"]) -> Float32[Array, "k 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
