"""Where a person goes: the foot that touches the floor stays, and the body moves over it."""

import numpy as np
from jaxtyping import Float32

from model.bodies.skinning import Skinning
from model.synth.skeleton import JOINT
from model.types import Array

_SOLE_M = 0.02  # how high above the lowest point of the foot its sole reaches
_TOUCH_M = 0.006  # how much higher than the lowest a point of the sole may be and still carry
_EVERY = 6  # of the sole's vertices, one in so many is enough


def walk_over_floor(
    skinning: Skinning, betas: Float32[Array, "10"], rotvec: Float32[Array, "frames 24 3"]
) -> Float32[Array, "frames 3"]:
    """Return the places of the pelvis, metres, y up, the floor at 0; the way starts at x = z = 0.

    Args:
        skinning: The body, with its shoes on.
        betas: Its shape.
        rotvec: Joint rotations; the first is the orientation in the world.
    """
    foot = np.isin(
        skinning.weights.argmax(axis=1),
        [JOINT[f"{side}_{joint}"] for side in ("left", "right") for joint in ("ankle", "foot")],
    )
    height_m = skinning.vertices_m[:, 1]
    sole = np.flatnonzero(foot & (height_m < height_m[foot].min() + _SOLE_M))[::_EVERY]
    shape = np.repeat(betas[None], len(rotvec), axis=0)
    points_m, joints_m = skinning.select(sole.astype(np.int32)).pose(shape, rotvec)
    points_m -= joints_m[:, :1]  # [frames,soles,3], about the pelvis
    above_m = points_m[..., 1] - points_m[..., 1].min(axis=1, keepdims=True)
    carries = np.exp(-above_m / _TOUCH_M)
    carries /= carries.sum(axis=1, keepdims=True)
    steps_m = -np.einsum("fk,fkc->fc", (carries[1:] + carries[:-1]) / 2, np.diff(points_m, axis=0))
    path_m = np.concatenate([np.zeros((1, 3)), np.cumsum(steps_m, axis=0)])
    path_m[:, 1] = -points_m[..., 1].min(axis=1)
    return _smooth(path_m.astype(np.float32))


def _smooth(path_m: Float32[Array, "frames 3"]) -> Float32[Array, "frames 3"]:
    kernel = np.array([1, 4, 6, 4, 1], np.float32) / 16
    padded = np.pad(path_m, ((2, 2), (0, 0)), mode="edge")
    return np.stack([np.convolve(axis, kernel, "valid") for axis in padded.T], axis=1)
