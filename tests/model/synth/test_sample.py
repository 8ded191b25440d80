from pathlib import Path

import av
import numpy as np
import pytest

from model.bodies import load_body
from model.bodies.skinning import load_anny
from model.camera import project_perspective
from model.detect import BlazePoseDetector
from model.synth.sample import FRAMES, HEIGHT, WIDTH, choreography, read_truth, true_vertices
from model.track import track_people
from model.types import Frame

SAMPLE = Path(__file__).parents[3] / "docs" / "sample"


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    with av.open(SAMPLE / "walk.mp4") as container:
        pictures = [p.to_ndarray(format="rgb24") for p in container.decode(video=0)]
    return [Frame(i, i / 30, rgb) for i, rgb in enumerate(pictures)]


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    return read_truth(SAMPLE / "walk_truth.npz")


def test_clip_is_small_and_has_the_stated_frames(frames: list[Frame]) -> None:
    assert len(frames) == FRAMES
    assert frames[0].rgb.shape == (HEIGHT, WIDTH, 3)
    assert sum(file.stat().st_size for file in SAMPLE.iterdir()) < 1_000_000


def test_the_person_is_found_where_the_truth_says(
    frames: list[Frame], truth: dict[str, np.ndarray]
) -> None:
    seen = [(f.index, o) for f, found in track_people(frames, BlazePoseDetector()) for o in found]

    assert len({index for index, _ in seen}) >= 0.95 * FRAMES
    for index, observation in seen:
        x0, y0, x1, y1 = observation.crop_px
        joints = truth["joints2d_px"][index]
        inside = (joints > (x0, y0)).all(axis=1) & (joints < (x1, y1)).all(axis=1)
        assert inside.all(), f"frame {index}"


def test_labels_made_again_are_those_of_the_file(truth: dict[str, np.ndarray]) -> None:
    with np.load(SAMPLE / "walk_truth.npz", allow_pickle=False) as stated:
        for name, tolerance in (
            ("joints3d_m", 0.005),
            ("translation_m", 0.005),
            ("joints2d_px", 1),
        ):
            np.testing.assert_allclose(truth[name], stated[name], atol=tolerance)  # as bodies go


def test_coarse_vertices_are_those_of_the_fine_mesh(truth: dict[str, np.ndarray]) -> None:
    body = load_body("anny")

    fine_m = true_vertices(truth)[5] - truth["translation_m"][5]

    coarse = body.fine_to_intermediate[body.intermediate_to_coarse]
    np.testing.assert_allclose(truth["coarse_m"][5], fine_m[coarse], atol=1e-5)


def test_the_waving_hand_is_the_right_one_on_the_left_of_the_picture(
    truth: dict[str, np.ndarray],
) -> None:
    right_wrist, head = truth["joints2d_px"][-1][[6, 13]]

    assert right_wrist[0] < head[0] - 30
    assert abs(right_wrist[1] - head[1]) < 80


def test_joints_project_to_where_the_truth_says(truth: dict[str, np.ndarray]) -> None:
    joints_m = truth["joints3d_m"] + truth["translation_m"][:, None]

    projected = project_perspective(joints_m, truth["intrinsics"])

    np.testing.assert_allclose(projected, truth["joints2d_px"], atol=1e-3)


def test_the_committed_motion_is_what_the_code_makes(truth: dict[str, np.ndarray]) -> None:
    skinning = load_anny().skinning
    joints_m = skinning.joints_m + skinning.joint_directions_m @ truth["betas"]

    np.testing.assert_allclose(choreography(joints_m), truth["rotvec"], atol=1e-5)
