"""Procrustes alignment of many point sets at once."""

import numpy as np
from jaxtyping import Float

from model.types import Array


def similarity_align(
    source: Float[Array, "n p 3"], target: Float[Array, "n p 3"]
) -> Float[Array, "n p 3"]:
    """The source moved onto the target by the best scale, rotation and translation.

    Least squares per set, in closed form (Umeyama 1991), with one SVD call for all. The rotation
    is proper: where a mirror image would fit better, the weakest axis is turned back. A source
    whose points coincide is moved to the target's centre.

    Returns:
        The source points in the target's frame, one similarity for each of the n sets.
    """
    source_centre = source.mean(axis=1, keepdims=True)
    target_centre = target.mean(axis=1, keepdims=True)
    x, y = source - source_centre, target - target_centre
    u, strength, vt = np.linalg.svd(x.transpose(0, 2, 1) @ y)  # x^T y = u diag(strength) vt
    handedness = np.where(np.linalg.det(u @ vt) < 0, -1.0, 1.0).astype(x.dtype)
    u[:, :, 2] *= handedness[:, None]
    strength[:, 2] *= handedness
    spread = (x**2).sum(axis=(1, 2))
    scale = strength.sum(axis=1) / np.maximum(spread, np.finfo(x.dtype).tiny)
    aligned: Array = scale[:, None, None] * (x @ (u @ vt)) + target_centre
    return aligned
