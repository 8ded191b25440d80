import numpy as np
import pytest

from model.rotations import rotvec_to_rotmat
from model.training.marks.facing import facing_deg, turn_between_deg
from model.types import JOINT_NAMES, Array

LEFT_IS_RIGHT_OF_PICTURE = {
    "left_shoulder": (0.2, -0.5, 0.0),
    "right_shoulder": (-0.2, -0.5, 0.0),
    "left_hip": (0.1, 0.0, 0.0),
    "right_hip": (-0.1, 0.0, 0.0),
}
"""Somebody who faces the camera, in its frame: x right, y down, z away."""


def joints_m(turn_deg: float = 0.0, bend_deg: float = 0.0) -> Array:
    """Turned to the picture's right by `turn_deg`, after bending forward."""
    joints = np.zeros((14, 3))
    for name, place in LEFT_IS_RIGHT_OF_PICTURE.items():
        joints[JOINT_NAMES.index(name)] = place
    bend = rotvec_to_rotmat(np.radians([bend_deg, 0.0, 0.0]))
    turn = rotvec_to_rotmat(np.radians([0.0, -turn_deg, 0.0]))
    return joints @ (turn @ bend).T


def test_the_left_shoulder_on_the_right_of_the_picture_faces_the_camera() -> None:
    assert turn_between_deg(facing_deg(joints_m()), 0.0) < 1e-6


def test_somebody_seen_from_the_back_has_the_left_shoulder_on_the_left() -> None:
    turned = joints_m()
    turned[:, 0] *= -1

    assert facing_deg(turned) == pytest.approx(180)


def test_the_left_side_away_from_the_camera_faces_the_right_of_the_picture() -> None:
    turned = np.zeros((14, 3))
    turned[JOINT_NAMES.index("left_shoulder"), 2] = 0.2
    turned[JOINT_NAMES.index("right_shoulder"), 2] = -0.2

    assert facing_deg(turned) == pytest.approx(90)


@pytest.mark.parametrize("turn_deg", [30.0, 90.0, 150.0, 210.0, 270.0, 330.0])
@pytest.mark.parametrize("bend_deg", [0.0, 80.0])
def test_a_turn_is_the_angle_also_of_somebody_who_bends(turn_deg: float, bend_deg: float) -> None:
    assert facing_deg(joints_m(turn_deg, bend_deg)) == pytest.approx(turn_deg)


@pytest.mark.parametrize(
    ("a", "b", "turn"), [(350.0, 10.0, 20), (10.0, 350.0, 20), (90.0, 270.0, 180), (45.0, 45.0, 0)]
)
def test_the_smaller_turn_counts(a: float, b: float, turn: float) -> None:
    assert turn_between_deg(a, b) == turn
