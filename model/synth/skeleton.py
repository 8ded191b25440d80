"""The 24 joints of the body, and poses written as a person would describe them.

Anatomical angles are turns about the axes of a neutral stance (upright, arms hanging straight),
so that "the knee bends by 60 degrees" needs no knowledge of the pose the body was modelled in.

Body frame: x to the person's left, y up, z to the front.
"""

import numpy as np
from jaxtyping import Float32, Float64

from model.rotations import rotmat_to_rotvec
from model.types import Array

JOINTS = (
    *("pelvis", "left_hip", "right_hip", "spine1", "left_knee", "right_knee", "spine2"),
    *("left_ankle", "right_ankle", "spine3", "left_foot", "right_foot", "neck"),
    *("left_collar", "right_collar", "head", "left_shoulder", "right_shoulder", "left_elbow"),
    *("right_elbow", "left_wrist", "right_wrist", "left_hand", "right_hand"),
)
JOINT = {name: index for index, name in enumerate(JOINTS)}
PARENTS = (-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21)

_OTHER_SIDE = {"left": "right", "righ": "left"}
MIRRORED = tuple(
    JOINT.get(_OTHER_SIDE.get(name[:4], "") + name[name.find("_") :], index)
    for index, name in enumerate(JOINTS)
)
"""For each joint the one on the other side."""

# Bones that the neutral stance straightens: joint, and the joint its bone ends at.
_HANGING = {
    "hip": "knee",
    "knee": "ankle",
    "shoulder": "elbow",
    "elbow": "wrist",
    "wrist": "hand",
    "hand": "wrist",
}


def neutral_rotmats(joints_m: Float32[Array, "24 3"]) -> Float64[Array, "24 3 3"]:
    """Return the least turns, in the body frame, that make the rest pose's limbs hang down."""
    turns = np.tile(np.eye(3), (24, 1, 1))
    for name, index in JOINT.items():
        side, _, joint = name.partition("_")
        if joint in _HANGING:
            bone = joints_m[JOINT[f"{side}_{_HANGING[joint]}"]] - joints_m[index]
            turns[index] = _turn_to_down(-bone if joint == "hand" else bone)
    return turns


def angles_to_rotvec(
    angles: Float64[Array, "frames 24 3"],
    heading: Float64[Array, "frames"],
    joints_m: Float32[Array, "24 3"],
) -> Float32[Array, "frames 24 3"]:
    """Turn anatomical angles into the joint rotations that `Skinning.pose` takes.

    Args:
        angles: About x, y and z of the neutral stance, radians; the twist about y acts first,
            then the bend about x, then the lean about z.
        heading: Of the whole body about y; 0 faces z, a quarter turn faces x.
        joints_m: Of the rest pose.
    """
    neutral = neutral_rotmats(joints_m)
    turns = axis_rotmats(angles[..., 2], 2) @ axis_rotmats(angles[..., 0], 0)
    turns = turns @ axis_rotmats(angles[..., 1], 1)
    above = np.stack([np.eye(3) if p < 0 else neutral[p].T for p in PARENTS])
    turns[:, 0] = axis_rotmats(heading, 1) @ turns[:, 0]
    return rotmat_to_rotvec(above @ turns @ neutral)


def axis_rotmats(angles: Float64[Array, "*shape"], axis: int) -> Float64[Array, "*shape 3 3"]:
    """Return right-handed turns about one coordinate axis."""
    after, last = (axis + 1) % 3, (axis + 2) % 3
    turns = np.zeros((*angles.shape, 3, 3))
    turns[..., axis, axis] = 1
    turns[..., after, after] = turns[..., last, last] = np.cos(angles)
    turns[..., last, after] = np.sin(angles)
    turns[..., after, last] = -turns[..., last, after]
    return turns


def _turn_to_down(bone: Float32[Array, "3"]) -> Float64[Array, "3 3"]:
    """Return the least turn of a direction to -y (Rodrigues)."""
    x, y, z = bone / np.linalg.norm(bone)
    cross = np.array([[0, x, 0], [-x, 0, -z], [0, z, 0]])  # of the direction with -y
    return np.asarray(np.eye(3) + cross + cross @ cross / (1 - y))
