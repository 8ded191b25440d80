"""Random poses stay within what joints do."""

import numpy as np

from model.bodies.baking.random_poses import draw_poses
from model.bodies.skinning import load_anny


def joint(name: str) -> int:
    return load_anny().skinning.joint_names.index(name)


def test_knees_and_elbows_bend_one_way() -> None:
    at_rest = np.zeros((200, 10), np.float32)
    rotvec = draw_poses(200, np.random.default_rng(0))

    knee_bend = rotvec[:, joint("left_knee"), 0]
    only_elbow = np.zeros_like(rotvec)
    only_elbow[:, joint("right_elbow")] = rotvec[:, joint("right_elbow")]
    _, joints_m = (
        load_anny().skinning.select(np.arange(1, dtype=np.int32)).pose(at_rest, only_elbow)
    )

    assert knee_bend.min() >= 0
    wrist_m = joints_m[:, joint("right_wrist")] - joints_m[:, joint("right_elbow")]
    assert wrist_m[:, 2].min() > -0.15  # forward of the elbow, or little behind


def test_left_and_right_move_alike() -> None:
    rotvec = draw_poses(20000, np.random.default_rng(0))

    left, right = rotvec[:, joint("left_shoulder")], rotvec[:, joint("right_shoulder")]

    np.testing.assert_allclose(left.mean(0), right.mean(0) * [1, -1, -1], atol=0.03)
    np.testing.assert_allclose(left.std(0), right.std(0), atol=0.03)


def test_a_seed_gives_the_same_poses() -> None:
    first, second = (draw_poses(5, np.random.default_rng(7)) for _ in range(2))

    np.testing.assert_array_equal(first, second)
    assert not first[:, 0].any()  # the pelvis is not turned
