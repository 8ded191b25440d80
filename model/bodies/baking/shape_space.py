"""Ten directions in which bodies differ most, of vertices and joints together."""

import numpy as np
from jaxtyping import Float32

from model.types import Array


def fit_shape_space(
    points_m: Float32[Array, "bodies points 3"], components: int
) -> tuple[Float32[Array, "points 3"], Float32[Array, "points 3 components"]]:
    """Return the mean and the principal directions, each of one standard deviation.

    The sign of a direction, which is arbitrary, is the one that raises the highest point most,
    so that every run of the bake gives the same.
    """
    mean_m = points_m.mean(axis=0, dtype=np.float64)
    centred = (points_m - mean_m).reshape(len(points_m), -1)  # [bodies,3*points]
    # The Gram matrix of the bodies is far smaller than the covariance of the coordinates.
    variances, scores = np.linalg.eigh(centred @ centred.T)
    leading = np.argsort(variances)[::-1][:components]
    directions = centred.T @ scores[:, leading] / np.sqrt(len(points_m) - 1)
    directions = directions.reshape(*mean_m.shape, components)  # [points,3,components]
    rise = directions[mean_m[:, 1].argmax(), 1]
    directions *= np.where(rise < 0, -1, 1)
    return mean_m.astype(np.float32), directions.astype(np.float32)
