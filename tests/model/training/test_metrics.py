import numpy as np
import pytest

from model.training.metrics import (
    acceleration_error_mm_per_frame2,
    jitter_mm_per_frame3,
    mpjpe_mm,
    mpvpe_mm,
    pa_mpjpe_mm,
)
from tests.model.training.cases import load_cases

TOLERANCE_MM = 1e-3


def test_metrics_are_the_published_ones() -> None:
    cases = load_cases()
    predicted, truth = cases["in_pj"], cases["in_gj"][..., :3]

    mpvpe = mpvpe_mm(cases["in_vf"], cases["in_gf"])

    for ours, published in (
        (mpvpe, cases["metric_mpvpe"]),
        (mpjpe_mm(predicted, truth), cases["metric_mpjpe"]),
        (pa_mpjpe_mm(predicted, truth), cases["metric_pampjpe"]),
    ):
        np.testing.assert_allclose(ours, published * 1000, atol=TOLERANCE_MM)


def test_mpjpe_does_not_see_a_shift_and_pa_mpjpe_no_similarity() -> None:
    truth = np.random.default_rng(1).normal(size=(4, 14, 3))

    np.testing.assert_allclose(mpjpe_mm(truth + 0.3, truth), 0, atol=1e-9)
    np.testing.assert_allclose(pa_mpjpe_mm(truth * 1.2 + 0.3, truth), 0, atol=1e-9)
    assert (mpjpe_mm(truth * 1.2, truth) > 100).all()


def test_acceleration_error_of_a_parabola_is_its_coefficient() -> None:
    t = np.arange(10.0)
    truth = np.zeros((10, 14, 3))
    predicted = truth.copy()
    predicted[..., 1] = (0.5 * 0.004 * t**2)[:, None]  # 4 mm per frame^2

    errors = acceleration_error_mm_per_frame2(predicted, truth)

    np.testing.assert_allclose(errors, np.full(8, 4.0), atol=1e-9)


def test_jitter_is_the_third_difference() -> None:
    t = np.arange(9.0)
    joints = np.zeros((9, 14, 3))
    joints[..., 0] = (0.001 * t**3 + 5 * t**2)[:, None]

    np.testing.assert_allclose(jitter_mm_per_frame3(joints), np.full(6, 6.0), atol=1e-6)


@pytest.mark.parametrize("frames", [0, 1, 2])
def test_too_few_frames_have_no_acceleration(frames: int) -> None:
    joints = np.zeros((frames, 14, 3))

    assert len(acceleration_error_mm_per_frame2(joints, joints)) == 0
    assert len(jitter_mm_per_frame3(joints)) == 0
