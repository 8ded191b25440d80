from dataclasses import replace

import numpy as np
import pytest

from model.films.comparison import compare
from model.films.film import Truth
from model.films.report import measure
from model.rotations import rotvec_to_rotmat
from model.types import Sequence
from tests.model.dancers import reconstruction_of
from tests.model.films.made import found, made_truth


def compared(truth: Truth, *people: Sequence) -> dict[str, float | None]:
    return vars(measure([compare(reconstruction_of(*people), truth)]))


def test_who_answers_the_truth_makes_no_error() -> None:
    truth = made_truth()

    errors = compared(truth, found(truth))

    assert all(error is not None and error < 0.05 for error in errors.values())


def test_a_body_shifted_as_a_whole_makes_no_error() -> None:
    truth = made_truth()
    person = found(truth)

    errors = compared(truth, replace(person, coarse_m=person.coarse_m + np.float32([0.3, 0, -0.2])))

    assert errors["mpvpe_mm"] == pytest.approx(0, abs=0.05)
    assert errors["mpjpe_mm"] == pytest.approx(0, abs=0.05)


def test_a_body_of_another_size_errs_by_its_distance_and_keeps_its_shape() -> None:
    truth = made_truth()
    person = found(truth)

    errors = compared(truth, replace(person, coarse_m=person.coarse_m * np.float32(1.1)))

    hips_m = truth.joints_m[:, [2, 3]].mean(axis=1, keepdims=True)
    away_mm = 1000 * np.linalg.norm(truth.joints_m - hips_m, axis=2).mean()
    assert errors["mpjpe_mm"] == pytest.approx(0.1 * away_mm, rel=1e-3)
    assert errors["pa_mpjpe_mm"] == pytest.approx(0, abs=0.05)


def test_answers_in_the_axes_of_the_camera_err_by_the_angle_of_view() -> None:
    truth = made_truth(side_m=1.5)
    person = replace(found(truth), coarse_m=truth.coarse_m)  # as if crops were not turned

    errors = compared(truth, person)

    angle = np.arctan(1.5 / 4)
    turn = rotvec_to_rotmat(np.float32([0, angle, 0]))
    hips_m = truth.joints_m[:, [2, 3]].mean(axis=1, keepdims=True)
    joints_m = truth.joints_m - hips_m
    expected_mm = 1000 * np.linalg.norm(joints_m @ turn.T - joints_m, axis=2).mean()
    assert expected_mm > 30
    assert errors["mpjpe_mm"] == pytest.approx(expected_mm, rel=0.1)
    assert errors["pa_mpjpe_mm"] == pytest.approx(0, abs=0.05)


def test_a_joint_that_jumps_every_second_frame_errs_in_acceleration() -> None:
    truth = made_truth(frames=12)
    person = found(truth)
    size = np.where(np.arange(12) % 2, 1.01, 0.99).astype(np.float32)

    errors = compared(truth, replace(person, coarse_m=person.coarse_m * size[:, None, None]))

    hips_m = truth.joints_m[:, [2, 3]].mean(axis=1, keepdims=True)
    away_mm = 1000 * np.linalg.norm(truth.joints_m - hips_m, axis=2).mean()
    assert errors["acceleration_mm_per_frame2"] == pytest.approx(0.04 * away_mm, rel=0.01)
    assert errors["acceleration_m_per_s2"] == pytest.approx(0.04 * away_mm * 0.9, rel=0.01)


def test_acceleration_is_not_measured_across_a_gap() -> None:
    truth = made_truth(frames=12)
    early, late = found(truth, range(2)), found(truth, range(7, 9), track_id=2)

    comparison = compare(reconstruction_of(early, late), truth)

    assert comparison.frame_index.tolist() == [0, 1, 7, 8]
    assert measure([comparison]).acceleration_mm_per_frame2 is None


def test_nobody_found_is_no_error_but_no_coverage() -> None:
    truth = made_truth()

    comparison = compare(reconstruction_of(), truth)

    assert len(comparison.frame_index) == 0
    assert measure([comparison]).mpvpe_mm is None
