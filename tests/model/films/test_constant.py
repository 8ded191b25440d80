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

    mean_m, *_ = constant_poses([comparison.truth], BODY)

    errors = measure([answer_constantly(comparison, mean_m, BODY)])
    assert errors.mpvpe_mm is not None
    assert errors.mpvpe_mm < 0.05


def test_the_procrustes_mean_forgives_a_turn_that_the_mean_does_not() -> None:
    comparison = perfect(90)  # the dancer turns once

    mean_m, shape_m, _ = constant_poses([comparison.truth], BODY)

    mean, shape = (measure([answer_constantly(comparison, p, BODY)]) for p in (mean_m, shape_m))
    assert mean.pa_mpjpe_mm is not None
    assert shape.pa_mpjpe_mm is not None
    assert shape.pa_mpjpe_mm < 0.8 * mean.pa_mpjpe_mm
    assert mean.mpjpe_mm is not None
    assert shape.mpjpe_mm is not None
    assert mean.mpjpe_mm < shape.mpjpe_mm


def test_a_constant_pose_errs_by_the_true_acceleration() -> None:
    comparison = perfect(12)

    rest_m = constant_poses([comparison.truth], BODY)[-1]

    measured = measure([answer_constantly(comparison, rest_m, BODY)]).acceleration_mm_per_frame2
    true = np.linalg.norm(np.diff(comparison.true_joints_m, n=2, axis=0), axis=2).mean() * 1000
    assert measured is not None
    assert np.isclose(measured, true, rtol=1e-3)
