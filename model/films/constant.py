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
    mean_m = true_m.mean(axis=0)
    shape_m = body.rest_coarse_m if body.rest_coarse_m is not None else true_m[0]
    size_m = np.linalg.norm(shape_m - shape_m.mean(axis=0))
    for _ in range(_ROUNDS):  # Gower 1975; the size is kept, or it would shrink
        target_m = np.repeat(shape_m[None], len(true_m), axis=0)
        shape_m = similarity_align(true_m, target_m).mean(axis=0)
        centred_m = shape_m - shape_m.mean(axis=0)
        shape_m = (
            shape_m - shape_m.mean(axis=0) + centred_m * (size_m / np.linalg.norm(centred_m) - 1)
        )
    poses = [mean_m, shape_m, *([] if body.rest_coarse_m is None else [body.rest_coarse_m])]
    return np.stack(poses).astype(np.float32)


def answer_constantly(
    comparison: Comparison, pose_m: Float32[Array, "431 3"], body: Body
) -> Comparison:
    """Return the comparison as if the same rows all showed one pose, in the camera frame."""
    up, truth = true_upsampling(body), comparison.truth
    fine_m = about_pelvis(body, up(pose_m[None]))
    joints_m = centre_on_hips(regress_joints(body, fine_m)[1])
    frames = comparison.frame_index
    distances = [
        mpvpe_mm(
            np.repeat(fine_m, len(block), axis=0), about_pelvis(body, up(truth.coarse_m[block]))
        )
        for block in np.split(frames, range(_BLOCK, len(frames), _BLOCK))
    ]
    return replace(
        comparison,
        joints_m=np.repeat(joints_m, len(frames), axis=0),
        mpvpe_mm=np.concatenate(distances),
    )
