import numpy as np

from model.films.comparison import Comparison, compare
from model.films.constant import answer_constantly, constant_poses
from model.films.report import measure
from tests.model.dancers import reconstruction_of
from tests.model.films.made import BODY, found, made_truth


def perfect(frames: int) -> Comparison:
    truth = made_truth(frames)
    return compare(reconstruction_of(found(truth)), truth)


def test_one_frame_is_answered_by_its_mean() -> None:
    comparison = perfect(1)

    poses_m = constant_poses([comparison.truth], BODY)

    mean, *_ = answer_constantly(comparison, poses_m, BODY)

    errors = measure([mean])
    assert errors.mpvpe_mm is not None
    assert errors.mpvpe_mm < 0.05


def test_the_procrustes_mean_forgives_a_turn_that_the_mean_does_not() -> None:
    comparison = perfect(90)  # the dancer turns once

    poses_m = constant_poses([comparison.truth], BODY)

    mean, shape, _ = (measure([c]) for c in answer_constantly(comparison, poses_m, BODY))
    assert mean.pa_mpjpe_mm is not None
    assert shape.pa_mpjpe_mm is not None
    assert shape.pa_mpjpe_mm < 0.8 * mean.pa_mpjpe_mm
    assert mean.mpjpe_mm is not None
    assert shape.mpjpe_mm is not None
    assert mean.mpjpe_mm < shape.mpjpe_mm


def test_a_constant_pose_errs_by_the_true_acceleration() -> None:
    comparison = perfect(12)

    poses_m = constant_poses([comparison.truth], BODY)

    *_, rest = answer_constantly(comparison, poses_m, BODY)

    measured = measure([rest]).acceleration_mm_per_frame2
    true = np.linalg.norm(np.diff(comparison.true_joints_m, n=2, axis=0), axis=2).mean() * 1000
    assert measured is not None
    assert np.isclose(measured, true, rtol=1e-3)
