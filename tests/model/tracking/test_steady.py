"""Squares without jitter and without lag."""

import numpy as np
import pytest

from model.tracking.steady import steady_landmarks, steady_square
from model.types import Array

TIMES_S = np.arange(60) / 30


def squares(x: Array) -> Array:
    return np.stack([x, x, x + 100, x + 100], axis=1).astype(np.float32)


@pytest.mark.parametrize("at", [0, 1, 30, 59])
def test_steady_motion_is_reproduced_exactly(at: int) -> None:
    moving = squares(40 + 300 * TIMES_S)

    np.testing.assert_allclose(steady_square(TIMES_S, moving, TIMES_S[at]), moving[at], atol=1e-3)


def test_jitter_at_30_fps_is_about_halved() -> None:
    noise = np.random.default_rng(0).normal(0, 3, 60)
    jittery = squares(40 + noise)

    steady = np.array([steady_square(TIMES_S, jittery, t)[0] for t in TIMES_S])

    assert steady[6:-6].std() < 0.55 * noise[6:-6].std()


def test_an_acceleration_shifts_by_no_more_than_stated() -> None:
    falling = squares(0.5 * 1000 * TIMES_S**2)

    assert abs(steady_square(TIMES_S, falling, 1.0)[0] - 500) < 0.003 * 1000


def test_a_single_sighting_is_itself() -> None:
    one = np.array([[1, 2, 11, 12]], np.float32)

    np.testing.assert_array_equal(steady_square(np.array([5.0]), one, 5.0), one[0])


def test_sightings_across_a_gap_do_not_count() -> None:
    gap = np.array([0.0, 0.1, 0.9, 1.0])

    np.testing.assert_allclose(steady_square(gap, squares(gap * 0 + [0, 0, 500, 500]), 0.1)[0], 0)


def landmarks(x: Array) -> Array:
    """One that moves; the others rest."""
    seen = np.zeros((len(x), 33, 7), np.float32)
    seen[:, 0, 0] = x
    return seen


@pytest.mark.parametrize("at", [0, 1, 30, 59])
def test_landmarks_that_speed_up_are_reproduced_exactly(at: int) -> None:
    falling = landmarks(40 + 300 * TIMES_S + 500 * TIMES_S**2)

    steady = steady_landmarks(TIMES_S, falling, TIMES_S[at])

    np.testing.assert_allclose(steady, falling[at], atol=2e-3)


def test_little_jitter_is_left_in_the_accelerations_of_landmarks() -> None:
    jittery = landmarks(np.random.default_rng(0).normal(0, 3, 60))

    steady = np.array([steady_landmarks(TIMES_S, jittery, t)[0, 0] for t in TIMES_S])

    before, after = (np.diff(x, 2)[6:-6].std() for x in (jittery[:, 0, 0], steady))
    assert after < 0.09 * before


def test_quick_waving_is_kept() -> None:
    waving = landmarks(np.sin(2 * np.pi * 3 * TIMES_S))

    steady = np.array([steady_landmarks(TIMES_S, waving, t)[0, 0] for t in TIMES_S])

    assert np.abs(steady[6:-6]).max() > 0.75


def test_visibility_stays_between_0_and_1() -> None:
    seen = landmarks(TIMES_S)
    seen[::2, :, 3] = 1

    assert steady_landmarks(TIMES_S, seen, TIMES_S[0])[:, 3].min() >= 0
    assert steady_landmarks(TIMES_S, seen, TIMES_S[0])[:, 3].max() <= 1
