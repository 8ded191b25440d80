import numpy as np

from model.bodies.skinning import load_anny
from model.synth.skeleton import JOINT, JOINTS, MIRRORED, PARENTS, angles_to_rotvec, axis_rotmats


def pose_joints(**bends_deg: tuple[float, float, float]) -> dict[str, np.ndarray]:
    """Places of the joints, in the body frame, of one pose."""
    body = load_anny().skinning
    angles = np.zeros((1, 24, 3))
    for joint, bend in bends_deg.items():
        angles[0, JOINT[joint]] = np.radians(bend)
    rotvec = angles_to_rotvec(angles, np.zeros(1), body.joints_m)
    joints_m = body.pose(np.zeros((1, 10), np.float32), rotvec)[1][0]
    return dict(zip(JOINTS, joints_m, strict=True))


def test_names_and_parents_are_those_of_the_body() -> None:
    body = load_anny().skinning

    assert body.joint_names == JOINTS
    assert tuple(body.parents) == PARENTS


def test_mirroring_swaps_left_and_right_and_keeps_the_middle() -> None:
    swapped = [JOINTS[index] for index in MIRRORED]

    other = {"left": "right", "right": "left"}
    split = [name.partition("_") for name in JOINTS]
    expected = [other.get(side, side) + rest + joint for side, rest, joint in split]
    assert swapped == expected


def test_without_angles_the_limbs_hang_straight_down() -> None:
    places = pose_joints()

    for side in ("left", "right"):
        for upper, lower in (("hip", "ankle"), ("shoulder", "wrist")):
            limb = places[f"{side}_{lower}"] - places[f"{side}_{upper}"]
            np.testing.assert_allclose(limb / np.linalg.norm(limb), [0, -1, 0], atol=1e-5)


def test_a_knee_bends_backwards_and_an_elbow_forwards() -> None:
    places = pose_joints(left_knee=(90, 0, 0), left_elbow=(-90, 0, 0))

    shin = places["left_ankle"] - places["left_knee"]
    forearm = places["left_wrist"] - places["left_elbow"]
    np.testing.assert_allclose(shin / np.linalg.norm(shin), [0, 0, -1], atol=1e-5)
    np.testing.assert_allclose(forearm / np.linalg.norm(forearm), [0, 0, 1], atol=1e-5)


def test_a_positive_lean_lifts_the_left_arm_outwards() -> None:
    places = pose_joints(left_shoulder=(0, 0, 90))

    assert places["left_wrist"][0] > places["left_shoulder"][0] + 0.4


def test_turns_about_axes_are_right_handed() -> None:
    for axis in range(3):
        turned = axis_rotmats(np.array([np.pi / 2]), axis)[0] @ np.eye(3)[(axis + 1) % 3]
        np.testing.assert_allclose(turned, np.eye(3)[(axis + 2) % 3], atol=1e-12)
