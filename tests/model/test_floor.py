"""Where the floor is, is told by those who stand on it."""

import numpy as np
import pytest

from model.bodies import load_body
from model.floor import Floor, estimate_floor, floor_of
from model.types import Array
from tests.model.dancers import dancer, reconstruction_of

NECK, HEAD, ANKLES = 12, 13, [0, 5]


@pytest.fixture(scope="module")
def standing_m() -> Array:
    """Joints of the body at rest, 4 m before a level camera and a metre below it."""
    joints_m = load_body("anny").rest_joints_m
    assert joints_m is not None
    return joints_m + np.array([0, 1, 4], np.float32)


def seen_from_above(joints_m: Array, pitch_deg: float) -> Array:
    """The same, by a camera that looks down."""
    return joints_m @ Floor(float(np.radians(pitch_deg)), 0.0).rotmat


def test_a_camera_that_looks_down_sees_heads_nearer_than_feet(standing_m: Array) -> None:
    level_m = standing_m - standing_m.mean(axis=0)
    seen_m = seen_from_above(level_m, 30)

    assert seen_m[HEAD, 2] < seen_m[ANKLES, 2].min() - 0.3


@pytest.mark.parametrize("pitch_deg", [-10.0, 0.0, 35.0])
def test_who_stands_tells_pitch_and_height(standing_m: Array, pitch_deg: float) -> None:
    level = floor_of(standing_m[None])  # a body leans a little even at rest
    floor = floor_of(seen_from_above(standing_m, pitch_deg)[None])

    assert np.degrees(floor.pitch_rad - level.pitch_rad) == pytest.approx(pitch_deg, abs=0.1)
    assert abs(np.degrees(level.pitch_rad)) < 5
    assert floor.camera_m == pytest.approx(level.camera_m, abs=0.01)
    soles_m = standing_m[ANKLES, 1].max() + 0.09
    assert level.camera_m == pytest.approx(soles_m, abs=0.2)


def test_who_lies_says_nothing_of_what_is_up(standing_m: Array) -> None:
    lying_m = seen_from_above(standing_m, 80)

    assert floor_of(lying_m[None]).pitch_rad == 0
    both = floor_of(np.stack([lying_m, standing_m]))
    assert both.pitch_rad == pytest.approx(floor_of(standing_m[None]).pitch_rad, abs=1e-3)


def test_without_anybody_the_camera_is_level_and_at_a_human_height() -> None:
    assert estimate_floor(reconstruction_of()) == Floor(0.0, 1.5)


def test_everybody_counts() -> None:
    near, far = dancer(1, range(30)), dancer(2, range(3), centre=(0.8, 0.4))

    one = estimate_floor(reconstruction_of(near))
    two = estimate_floor(reconstruction_of(near, far))

    assert 0 < abs(one.camera_m - two.camera_m) < 1
    assert two == estimate_floor(reconstruction_of(near, far))
