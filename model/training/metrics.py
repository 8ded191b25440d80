"""Errors of predicted bodies, in millimetres unless the name says otherwise, per frame.

Every function takes metres and keeps the frame axis, so that the caller decides what to average.
"""

import numpy as np
from jaxtyping import Float

from model.training.procrustes import similarity_align
from model.types import Array

MM_PER_M = 1000.0
RIGHT_HIP, LEFT_HIP = 2, 3  # rows of J14


def centre_on_hips(joints_m: Float[Array, "n 14 3"]) -> Float[Array, "n 14 3"]:
    """J14 joints with the middle of the two hips at the origin."""
    centred_m: Array = joints_m - joints_m[:, [RIGHT_HIP, LEFT_HIP]].mean(axis=1, keepdims=True)
    return centred_m


def mpvpe_mm(
    predicted_m: Float[Array, "n v 3"], truth_m: Float[Array, "n v 3"]
) -> Float[Array, "n"]:
    """Mean distance of the vertices (MPVPE). Both meshes must be centred on their pelvis."""
    return _mean_distance_mm(predicted_m, truth_m)


def mpjpe_mm(
    predicted_m: Float[Array, "n 14 3"], truth_m: Float[Array, "n 14 3"]
) -> Float[Array, "n"]:
    """Mean distance of the J14 joints (MPJPE), both sides moved to the middle of their hips."""
    return _mean_distance_mm(centre_on_hips(predicted_m), centre_on_hips(truth_m))


def pa_mpjpe_mm(
    predicted_m: Float[Array, "n j 3"], truth_m: Float[Array, "n j 3"]
) -> Float[Array, "n"]:
    """Mean distance of the joints after the best similarity, frame by frame (PA-MPJPE)."""
    return _mean_distance_mm(similarity_align(predicted_m, truth_m), truth_m)


def acceleration_error_mm_per_frame2(
    predicted_m: Float[Array, "n j 3"], truth_m: Float[Array, "n j 3"]
) -> Float[Array, "k"]:
    """Mean length of the difference of accelerations (Kanazawa et al. 2019).

    Args:
        predicted_m: Joints of consecutive frames.
        truth_m: The same joints.

    Returns:
        A value for each of the max(0, n - 2) inner frames. Times fps^2 / 1000 it is m/s^2.
    """
    return _mean_length_mm(np.diff(predicted_m - truth_m, n=2, axis=0))


def jitter_mm_per_frame3(joints_m: Float[Array, "n j 3"]) -> Float[Array, "k"]:
    """Mean length of the third difference of the joints' positions: the jerk (Yi et al. 2021).

    Returns:
        A value for each of the max(0, n - 3) steps. Times fps^3 / 1000 it is m/s^3.
    """
    return _mean_length_mm(np.diff(joints_m, n=3, axis=0))


def _mean_distance_mm(a_m: Float[Array, "n p 3"], b_m: Float[Array, "n p 3"]) -> Float[Array, "n"]:
    return _mean_length_mm(a_m - b_m)


def _mean_length_mm(vectors_m: Float[Array, "n p 3"]) -> Float[Array, "n"]:
    means_mm: Array = np.linalg.norm(vectors_m, axis=-1).mean(axis=-1) * MM_PER_M
    return means_mm
