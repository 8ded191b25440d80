from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.bodies import load_body
from model.evidence import EvidenceCutter, gather_evidence, warp_mask
from model.inference import load_predictor
from model.initialise import initialise
from model.loading import Model
from model.pipeline import Options, reconstruct
from model.region import Region
from model.registry import find_model, load_upsampling
from model.stages import Stages
from model.types import Frame, Mask, Observation
from model.video import open_video

SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
SHOWN = 100  # a frame in which the person stands and waves, facing the camera
LEFT_HIP, RIGHT_HIP, RIGHT_WRIST = 23, 24, 16


@pytest.fixture(scope="module")
def frame() -> Frame:
    with open_video(SAMPLE / "walk.mp4", start_s=SHOWN / 30 - 0.01) as video:
        return next(iter(video))


@pytest.fixture(scope="module")
def truth() -> Iterator[dict[str, np.ndarray]]:
    with np.load(SAMPLE / "walk_truth.npz") as arrays:
        yield {"joints": arrays["joints2d_px"][SHOWN]}


def look_at(square_px: np.ndarray) -> Observation:
    return Observation(1, SHOWN, SHOWN / 30, np.float32(square_px), 1.0)


def square_about(joints_px: np.ndarray) -> np.ndarray:
    centre = joints_px[[2, 3]].mean(axis=0)
    half = 1.1 * np.linalg.norm(joints_px - centre, axis=1).max()
    return np.float32([*(centre - half), *(centre + half)])


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:64, :64] + 0.5
    return np.uint8(255 * (np.hypot(columns - x, rows - y) < radius))


def test_landmarks_of_a_box_lie_where_the_person_is(frame: Frame, truth: dict) -> None:
    square = square_about(truth["joints"])

    crop = EvidenceCutter()(frame.rgb, look_at(square))

    wrist_px = square[:2] + (crop.evidence.landmarks[RIGHT_WRIST, :2] + 1) / 2 * np.ptp(square[::2])
    assert np.linalg.norm(wrist_px - truth["joints"][6]) < 0.06 * np.ptp(square[::2])
    assert crop.observation.landmarks is not None
    hips = crop.evidence.landmarks[[LEFT_HIP, RIGHT_HIP]]
    assert np.abs(hips[:, :2].mean(axis=0)).max() < 0.1
    assert np.abs(hips[:, 2].mean()) < 0.1


def test_the_mask_lies_on_the_person(frame: Frame, truth: dict) -> None:
    square = square_about(truth["joints"])

    crop = EvidenceCutter()(frame.rgb, look_at(square))

    cells = ((truth["joints"] - square[:2]) / np.ptp(square[::2]) * 64).astype(int)
    inside = crop.evidence.mask[cells[:, 1], cells[:, 0]]
    assert np.median(inside) > 240
    assert 0.05 < crop.evidence.mask.mean() / 255 < 0.35


def test_what_the_tracker_saw_is_used_again(frame: Frame) -> None:
    landmarks = np.tile(np.float32([300, 200, 50, 0.9, 0.1, -0.2, 0.3]), (33, 1))
    mask = Mask(disc(32, 32, 20), Region(300.0, 200.0, 100.0).image_to_crop(64))
    seen = Observation(1, 0, 0.0, np.float32([100, 100, 500, 500]), 1.0, landmarks, mask)

    crop = EvidenceCutter()(np.zeros_like(frame.rgb), seen)

    np.testing.assert_allclose(
        crop.evidence.landmarks, np.tile([0, -0.5, 0.25, 0.9, 0.1, -0.2, 0.3], (33, 1)), atol=1e-6
    )
    assert crop.observation is seen


def test_a_turned_mask_is_turned_back() -> None:
    region = Region(200.0, 150.0, 80.0, rotation_rad=np.pi / 2)
    to_mask = region.image_to_crop(64)
    x, y = to_mask @ [230.0, 150.0, 1]  # somebody 30 px to the right of the middle

    cells = warp_mask(Mask(disc(x, y, 6), to_mask), np.float32([100, 50, 300, 250]))

    moments = cv2.moments(cells)
    middle = np.array([moments["m10"], moments["m01"]]) / moments["m00"] + 0.5
    np.testing.assert_allclose(middle, np.array([130, 100]) / 200 * 64, atol=0.1)


def test_evidence_moves_with_its_square() -> None:
    landmarks = np.random.default_rng(0).uniform(100, 300, (33, 7)).astype(np.float32)
    mask = Mask(disc(32, 32, 10), Region(200.0, 200.0, 100.0).image_to_crop(64))
    squares = np.float32([[100, 100, 300, 300], [90, 100, 290, 300]])

    first, second = (
        gather_evidence(Observation(1, 0, 0.0, square, 1.0, landmarks, mask)) for square in squares
    )

    np.testing.assert_allclose(second.landmarks[:, 0], first.landmarks[:, 0] + 0.1, atol=1e-5)
    np.testing.assert_allclose(second.landmarks[:, 1:], first.landmarks[:, 1:], atol=1e-5)


def test_a_video_goes_all_the_way_as_evidence(tmp_path: Path) -> None:
    folder = find_model("remocap-anny")
    config = folder.card.network.model_copy(update={"input": "evidence"})
    body = load_body("anny")
    model = Model(
        card=folder.card.model_copy(update={"network": config}),
        weights_sha256="0" * 64,
        body=body,
        upsampling=load_upsampling(folder, body),
        predictor=load_predictor(initialise(config, body, seed=0)),
    )

    result = reconstruct(SAMPLE / "walk.mp4", model, tmp_path, Options(end_s=0.35), Stages())

    (person,) = result.sequences
    assert person.frame_index.tolist() == list(range(11))
    assert np.isfinite(person.coarse_m).all()
