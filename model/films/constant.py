"""The best answer that does not look: one pose for all frames of all films.

What a network scores says little without it: a set of quiet people is easy. For each figure the
best of a few poses that are known to be hard to beat counts, so the mark is set high: the mean
mesh of the set itself in the camera frame, its Procrustes mean, and the body at rest.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32

from model.bodies import Body, regress_joints
from model.films.comparison import Comparison, about_pelvis, true_upsampling
from model.films.film import Truth
from model.training.metrics import centre_on_hips, mpvpe_mm
from model.training.procrustes import similarity_align
from model.types import Array

_ROUNDS = 5  # of generalised Procrustes analysis
_BLOCK = 64  # frames whose meshes are in memory


def constant_poses(truths: Sequence[Truth], body: Body) -> Float32[Array, "poses 431 3"]:
    """Return coarse meshes about the pelvis, in the camera frame."""
    true_m = np.concatenate([truth.coarse_m for truth in truths])
    shape_m = true_m[0]
    for _ in range(_ROUNDS):  # Gower 1975
        shape_m = similarity_align(true_m, np.repeat(shape_m[None], len(true_m), axis=0)).mean(0)
    rest = [] if body.rest_coarse_m is None else [body.rest_coarse_m]
    return np.stack([true_m.mean(axis=0), _resize(shape_m, true_m), *rest]).astype(np.float32)


def _resize(
    shape_m: Float32[Array, "431 3"], like_m: Float32[Array, "n 431 3"]
) -> Float32[Array, "431 3"]:
    """Return a shape as large as these are in the mean; an average of aligned ones shrinks."""
    sizes_m = np.linalg.norm(like_m - like_m.mean(axis=1, keepdims=True), axis=(1, 2))
    size_m = np.linalg.norm(shape_m - shape_m.mean(axis=0))
    return np.asarray(shape_m * (sizes_m.mean() / size_m))


def answer_constantly(
    comparison: Comparison, poses_m: Float32[Array, "poses 431 3"], body: Body
) -> list[Comparison]:
    """Return, for each pose, the comparison as if all its rows showed that pose."""
    up, truth, frames = true_upsampling(body), comparison.truth, comparison.frame_index
    fine_m = about_pelvis(body, up(poses_m))
    joints_m = centre_on_hips(regress_joints(body, fine_m)[1])
    distances_mm: list[list[Array]] = [[] for _ in fine_m]
    for block in np.split(frames, range(_BLOCK, len(frames), _BLOCK)):
        true_m = about_pelvis(body, up(truth.coarse_m[block]))
        for found, pose_m in zip(distances_mm, fine_m, strict=True):
            found.append(mpvpe_mm(np.broadcast_to(pose_m, true_m.shape), true_m))
    return [
        replace(
            comparison,
            joints_m=np.repeat(pose_m[None], len(frames), axis=0),
            mpvpe_mm=np.concatenate(found),
        )
        for pose_m, found in zip(joints_m, distances_mm, strict=True)
    ]
