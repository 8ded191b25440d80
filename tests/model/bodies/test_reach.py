"""Limbs are bent to where they are seen, and what is not seen moves nothing."""

import numpy as np

from model.bodies.reach import LANDMARKS, joint_shares
from model.bodies.refit import _H36M, load_fit
from model.types import WINDOW, Array, Estimate, Evidence
from tests.model.bodies.test_refit import AXES, coarse_skinning, drawn, mean_mm

LEFT_SHOULDER, RIGHT_HIP, RIGHT_KNEE = 16, 2, 5
CAMERA = np.tile(np.array([0.9, 0.1, -0.2], np.float32), (WINDOW, 1))
OURS, SEEN = [_H36M[name] for name in LANDMARKS], list(LANDMARKS.values())
LEFT_WRIST = _H36M["left_wrist"]


def body(shoulder: float, knee: float) -> Estimate:
    """Somebody whose left arm is lifted, and whose right knee is bent; angles in radians."""
    rotvec = np.zeros((WINDOW, 24, 3), np.float32)
    rotvec[:, LEFT_SHOULDER, 2], rotvec[:, RIGHT_KNEE, 0] = shoulder, knee
    rotvec[:, RIGHT_HIP, 2] = -knee / 2
    vertices_m = coarse_skinning().pose(np.zeros((WINDOW, 10), np.float32), rotvec)[0]
    return Estimate(CAMERA, np.zeros((WINDOW, 14, 3), np.float32), vertices_m * AXES)


def seen(estimate: Estimate, visibility: float = 1.0) -> Evidence:
    """What BlazePose would say of somebody."""
    landmarks = np.zeros((WINDOW, 33, 7), np.float32)
    shares = joint_shares(list(LANDMARKS))
    landmarks[:, SEEN, :2] = shares @ drawn(estimate)[:, OURS]
    landmarks[:, SEEN, 4:] = shares @ joints_m(estimate)[:, OURS]
    landmarks[..., 3] = visibility
    return Evidence(landmarks, np.zeros((WINDOW, 64, 64), np.uint8))


def joints_m(estimate: Estimate) -> Array:
    """Human3.6M's joints of the mesh, in the camera frame."""
    return load_fit()._joints @ estimate.coarse_m


def farthest(one: Estimate, other: Estimate) -> float:
    """Largest distance of joints in the picture, in half sides of the crop."""
    apart: Array = np.linalg.norm((drawn(one) - drawn(other))[:, OURS], axis=2)
    return float(apart.max())


def test_limbs_are_bent_to_where_they_are_seen() -> None:
    given, truth = body(0.0, 0.3), body(0.5, 0.8)

    bent = load_fit()(given, seen(truth))

    assert farthest(bent, truth) < farthest(load_fit()(given), truth) / 3


def test_a_limb_comes_toward_the_depth_that_is_said() -> None:
    given = body(0.2, 0.3)
    evidence = seen(given)
    evidence.landmarks[:, LANDMARKS["left_wrist"], 6] -= 0.2

    bent = load_fit()(given, evidence)

    before_m, after_m = joints_m(load_fit()(given)), joints_m(bent)
    came_m = (before_m - before_m[:, :1] - after_m + after_m[:, :1])[:, LEFT_WRIST, 2]
    assert (came_m > 0.05).all()
    assert (came_m < 0.2).all()


def test_the_shares_of_joints_in_a_landmark_sum_to_one() -> None:
    np.testing.assert_allclose(joint_shares(list(LANDMARKS)).sum(axis=1), 1, atol=1e-6)


def test_what_is_drawn_in_place_stays() -> None:
    given = body(0.4, 0.6)

    bent = load_fit()(given, seen(given))

    assert mean_mm(bent.coarse_m, load_fit()(given).coarse_m) < 10


def test_what_is_not_seen_moves_nothing() -> None:
    given = body(0.0, 0.3)

    bent = load_fit()(given, seen(body(0.5, 0.8), visibility=0.0))

    assert mean_mm(bent.coarse_m, load_fit()(given).coarse_m) < 0.1


def test_frames_know_nothing_of_each_other() -> None:
    given, landmarks = body(0.0, 0.3), seen(body(0.5, 0.8)).landmarks
    nobody = Evidence(landmarks.copy(), np.zeros((WINDOW, 64, 64), np.uint8))
    nobody.landmarks[1:] = 0

    bent = load_fit()(given, nobody)

    expected = load_fit()(given, seen(body(0.5, 0.8)))
    np.testing.assert_allclose(bent.coarse_m[0], expected.coarse_m[0], atol=1e-6)


def test_no_landmarks_are_too_bad_for_it() -> None:
    wild = 30 * np.random.default_rng(0).standard_normal((WINDOW, 33, 7), np.float32)

    bent = load_fit()(body(0.0, 0.3), Evidence(wild, np.zeros((WINDOW, 64, 64), np.uint8)))

    assert np.isfinite(bent.coarse_m).all()
    assert (bent.camera[:, 0] > 0).all()
