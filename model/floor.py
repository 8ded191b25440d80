"""Where the floor is, judged from how people stand: videos do not say how a camera was held.

The page judges in the same way (`service/web/src/body/floor.ts`).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from model.reconstruction import Reconstruction
from model.rotations import rotvec_to_rotmat
from model.types import JOINT_NAMES, Array, Sequence

_SAMPLES = 60
_UPRIGHT = 0.7  # cosine; who lies or bends says nothing about what is up
_ANKLE_M = 0.09  # from an ankle to the sole
_CAMERA_M = 1.5  # above the floor, where nobody tells
_ANKLES = [JOINT_NAMES.index("right_ankle"), JOINT_NAMES.index("left_ankle")]
_NECK = JOINT_NAMES.index("neck")


@dataclass(frozen=True)
class Floor:
    """A level floor, in a camera that is not held askew.

    Attributes:
        pitch_rad: How far down the camera looks.
        camera_m: How high it is.
    """

    pitch_rad: float
    camera_m: float

    @property
    def rotmat(self) -> Float32[Array, "3 3"]:
        """Turns the camera's axes (x right, y down, z away) so that y points to the floor."""
        return rotvec_to_rotmat(np.array([-self.pitch_rad, 0.0, 0.0]))


def estimate_floor(reconstruction: Reconstruction) -> Floor:
    """Judge where the floor is from a few rows of everybody."""
    people, count = reconstruction.sequences, reconstruction.rows
    starts = np.cumsum([0, *map(len, people)])
    joints_m = []
    for at in np.linspace(0, count - 1, min(_SAMPLES, count)).astype(int):
        number = int(starts.searchsorted(at, side="right")) - 1
        joints_m.append(_placed_joints_m(reconstruction, people[number], int(at - starts[number])))
    return floor_of(np.array(joints_m, np.float32).reshape(-1, len(JOINT_NAMES), 3))


def floor_of(joints_m: Float32[Array, "k 14 3"]) -> Floor:
    """Judge where the floor is on which people stand.

    Args:
        joints_m: J14 in the camera frame: x right, y down, z away.
    """
    ankles_m, neck_m = joints_m[:, _ANKLES], joints_m[:, _NECK]
    towards = _unit(neck_m - ankles_m.mean(axis=1))
    along = np.einsum("nfi,ni->nf", ankles_m, towards)
    lower_m = np.take_along_axis(ankles_m, along.argmin(axis=1)[:, None, None], axis=1)[:, 0]
    soles_m = lower_m - _ANKLE_M * towards
    up = _unit(neck_m - soles_m)
    _, y, z = up[-up[:, 1] >= _UPRIGHT].sum(axis=0)
    floor = Floor(float(np.arctan2(-z, 1e-3 - y)), _CAMERA_M)
    heights_m = -(soles_m @ floor.rotmat.T)[:, 1]
    if len(heights_m):
        return Floor(floor.pitch_rad, -float(np.median(heights_m)))
    return floor


def _placed_joints_m(
    reconstruction: Reconstruction, person: Sequence, row: int
) -> Float32[Array, "14 3"]:
    mesh = reconstruction.mesh(person, slice(row, row + 1))
    joints_m: Array = mesh.joints3d_m[0] @ mesh.view_rotmat[0].T + mesh.translation_m[0]
    return joints_m


def _unit(vectors: Float32[Array, "k 3"]) -> Float32[Array, "k 3"]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
