"""How far a camera looks down is told by those who stand."""

import numpy as np
import pytest

from model.bodies import load_body
from model.types import Array
from model.upright import pitch_of, upright_rotmat


@pytest.fixture(scope="module")
def standing_m() -> Array:
    """Joints of the body at rest, seen by a level camera."""
    rest_joints_m = load_body("anny").rest_joints_m
    assert rest_joints_m is not None
    return rest_joints_m


def seen_from_above(joints_m: Array, pitch_rad: float) -> Array:
    return joints_m @ upright_rotmat(pitch_rad)


@pytest.mark.parametrize("pitch_deg", [-10.0, 0.0, 35.0])
def test_who_stands_tells_it(standing_m: Array, pitch_deg: float) -> None:
    seen_m = seen_from_above(standing_m, np.radians(pitch_deg))

    level = pitch_of(standing_m[None])  # a body leans a little even at rest
    assert np.degrees(pitch_of(seen_m[None]) - level) == pytest.approx(pitch_deg, abs=0.1)
    assert abs(np.degrees(level)) < 5


def test_a_camera_that_looks_down_sees_heads_nearer_than_feet(standing_m: Array) -> None:
    seen_m = seen_from_above(standing_m, np.radians(30))

    assert seen_m[13, 2] < seen_m[[0, 5], 2].min() - 0.3


def test_who_lies_says_nothing(standing_m: Array) -> None:
    lying_m = seen_from_above(standing_m, np.radians(80))

    assert pitch_of(lying_m[None]) == 0
    assert pitch_of(np.stack([lying_m, standing_m])) == pitch_of(standing_m[None])
