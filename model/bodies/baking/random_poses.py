"""Poses within the limits of human joints, to fit on: wide, and free of any recorded motion."""

import numpy as np
from jaxtyping import Float32

from model.bodies.baking.skeleton import JOINT_NAMES_24
from model.types import Array

_X, _Y, _Z = np.eye(3)
_ARM = np.array([0.66, -0.71, 0.25])  # along the left arm of the rest pose
_BEND = np.array([-0.73, -0.68, 0.0])  # turns the left forearm and fingers forward and up

# Swings of a joint from rest: axis (x left, y up, z front; rotations are right-handed), and the
# angles in radians that people reach. Right joints mirror the left ones.
_LIMITS = {
    "hip": ((_X, -2.0, 0.5), (_Y, -0.6, 0.6), (_Z, -0.4, 0.8)),
    "knee": ((_X, 0.0, 2.3),),
    "ankle": ((_X, -0.4, 0.7), (_Y, -0.3, 0.3), (_Z, -0.3, 0.3)),
    "foot": ((_X, -0.6, 0.3),),
    "spine1": ((_X, -0.2, 0.5), (_Y, -0.3, 0.3), (_Z, -0.3, 0.3)),
    "spine2": ((_X, -0.2, 0.4), (_Y, -0.3, 0.3), (_Z, -0.25, 0.25)),
    "spine3": ((_X, -0.2, 0.3), (_Y, -0.3, 0.3), (_Z, -0.2, 0.2)),
    "neck": ((_X, -0.4, 0.5), (_Y, -0.6, 0.6), (_Z, -0.4, 0.4)),
    "head": ((_X, -0.4, 0.4), (_Y, -0.6, 0.6), (_Z, -0.3, 0.3)),
    "collar": ((_Y, -0.3, 0.2), (_Z, -0.1, 0.4)),
    "shoulder": ((_Z, -0.8, 1.8), (_Y, -1.6, 0.7), (_ARM, -1.0, 1.0)),
    "elbow": ((_BEND, -0.6, 2.0), (_ARM, -0.9, 0.9)),
    "wrist": ((_X, -0.5, 0.5), (_Y, -0.5, 0.5), (_Z, -0.5, 0.5)),
    "hand": ((_X, -0.4, 0.4), (_Y, -0.4, 0.4), (_Z, -0.4, 0.4)),
}
_MIRROR = np.array([1.0, -1.0, -1.0])  # of a rotation vector, left to right


def draw_poses(count: int, rng: np.random.Generator) -> Float32[Array, "count 24 3"]:
    """Return rotation vectors for `Skinning.pose`; rest is likeliest, limits are rare.

    The pelvis is not turned: what is fitted on these poses does not depend on it.
    """
    rotvec = np.zeros((count, len(JOINT_NAMES_24), 3), np.float32)
    for joint, name in enumerate(JOINT_NAMES_24[1:], start=1):
        side, _, part = name.partition("_")
        mirror = _MIRROR if side == "right" else np.ones(3)
        for axis, lowest, highest in _LIMITS[part or name]:
            angle = rng.triangular(lowest, 0.0, highest, count)
            rotvec[:, joint] += (angle[:, None] * axis * mirror).astype(np.float32)
    return rotvec
