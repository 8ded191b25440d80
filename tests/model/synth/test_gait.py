import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.synth.gait import cycle, ease, put, walk, wave
from model.synth.skeleton import JOINT, JOINTS, angles_to_rotvec


def joints_of(angles: np.ndarray) -> dict[str, np.ndarray]:
    body = load_anny().skinning
    rotvec = angles_to_rotvec(angles, np.zeros(len(angles)), body.joints_m)
    joints_m = body.pose(np.zeros((len(angles), 10), np.float32), rotvec)[1]
    return dict(zip(JOINTS, joints_m.swapaxes(0, 1), strict=True))


def test_a_stride_repeats() -> None:
    phase = np.linspace(0, 0.9, 10)

    np.testing.assert_allclose(walk(phase, np.ones(10)), walk(phase + 3, np.ones(10)), atol=1e-9)


def test_legs_take_turns_half_a_stride_apart() -> None:
    phase = np.linspace(0, 0.95, 20)
    ones = np.ones(20)

    left = walk(phase, ones)[:, JOINT["left_knee"], 0]
    right = walk(phase + 0.5, ones)[:, JOINT["right_knee"], 0]

    np.testing.assert_allclose(left, right, atol=1e-12)


def test_an_arm_swings_with_the_leg_of_the_other_side() -> None:
    places = joints_of(walk(np.linspace(0, 1, 40), np.ones(40)))

    leg = places["left_ankle"][:, 2]
    same, other = (places[f"{side}_wrist"][:, 2] for side in ("left", "right"))

    assert np.corrcoef(leg, other)[0, 1] > 0.8
    assert np.corrcoef(leg, same)[0, 1] < -0.8


def test_without_effort_a_walk_stands_still() -> None:
    angles = walk(np.linspace(0, 1, 10), np.zeros(10))

    assert np.ptp(angles, axis=0).max() == 0


@pytest.mark.parametrize(("side", "sign"), [("left", 1), ("right", -1)])
def test_a_waving_hand_is_beside_the_head_and_above_the_shoulder(side: str, sign: int) -> None:
    angles = walk(np.zeros(5), np.zeros(5))

    wave(angles, side, np.ones(5), np.linspace(-1, 1, 5))

    places = joints_of(angles)
    hand, shoulder = places[f"{side}_hand"], places[f"{side}_shoulder"]
    assert (hand[:, 1] > shoulder[:, 1] + 0.2).all()
    assert (sign * hand[:, 0] > 0.2).all()


def test_putting_adds() -> None:
    angles = np.zeros((2, 24, 3))

    put(angles, "head", y=0.5)
    put(angles, "head", y=np.array([0.0, 0.25]))

    np.testing.assert_array_equal(angles[:, JOINT["head"]], [[0, 0.5, 0], [0, 0.75, 0]])


def test_a_cycle_follows_its_table_smoothly() -> None:
    table = tuple(int(20 * np.sin(2 * np.pi * k / 20)) for k in range(20))

    values = np.degrees(cycle(table, np.arange(20) / 20))

    np.testing.assert_allclose(values, table, atol=1)


def test_easing_starts_at_0_and_ends_at_1() -> None:
    np.testing.assert_allclose(
        ease(np.array([0.0, 1.0, 2.0, 3.0, 9.0]), 1.0, 3.0), [0, 0, 0.5, 1, 1]
    )
