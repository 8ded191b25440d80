from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from model.blazepose.torch_landmarks import SIDE, LandmarkAnswer, TorchLandmarks
from model.crops import warp
from model.litert import LiteRT
from model.region import Region
from model.track import track_people
from model.video import open_video

SAMPLE = Path(__file__).parents[3] / "docs" / "sample"


def cut_people(count: int) -> np.ndarray:
    """Squares [count,256,256,3] about the person of the sample clip, jittered, with grain."""
    rng = np.random.default_rng(0)
    with np.load(SAMPLE / "walk_truth.npz") as truth, open_video(SAMPLE / "walk.mp4") as video:
        joints_px, crops = truth["joints2d_px"], []
        for frame in video:
            hips = joints_px[frame.index, [2, 3]].mean(axis=0)
            radius = float(np.linalg.norm(joints_px[frame.index] - hips, axis=1).max())
            x, y = (hips + rng.normal(0, 0.1, 2) * radius).tolist()
            region = Region(x, y, radius * rng.uniform(0.9, 1.4), rng.normal(0, 0.2))
            crop = warp(frame.rgb, region.image_to_crop(SIDE), SIDE)
            crops.append(crop + rng.normal(0, rng.uniform(0, 20), crop.shape))
            if len(crops) == count:
                break
    return np.clip(np.float32(crops) / 255, 0, 1)


def cut_tracked(clip: Path, count: int) -> np.ndarray:
    """Squares [count,256,256,3] about the people that the tracker sees in a clip."""
    crops = []
    with open_video(clip) as video:
        for frame, people in track_people(video):
            for person in people:
                region = Region.of_box(*person.crop_px.tolist())
                crops.append(warp(frame.rgb, region.image_to_crop(SIDE), SIDE))
            if len(crops) >= count:
                break
    return np.float32(crops[:count]) / 255


def answer(crops: np.ndarray) -> LandmarkAnswer:
    network = TorchLandmarks()
    with torch.inference_mode():
        parts = [network(part) for part in torch.from_numpy(crops).permute(0, 3, 1, 2).split(10)]
    return LandmarkAnswer(*(torch.cat(field) for field in zip(*parts, strict=True)))


def answer_with_litert(crops: np.ndarray) -> LandmarkAnswer:
    litert, rows = LiteRT("pose_landmark_full.tflite", threads=2), []
    for crop in crops:
        litert.run(crop)
        shapes = (195,), (1,), (SIDE, SIDE, 1), (64, 64, 39), (117,)
        points, presence, mask, heat, world = (litert.output(*shape) for shape in shapes)
        rows.append(
            (
                points.reshape(39, 5),
                presence[0],
                mask[..., 0],
                heat.transpose(2, 0, 1),
                world.reshape(39, 3),
            )
        )
    return LandmarkAnswer(*(torch.from_numpy(np.stack(f)) for f in zip(*rows, strict=True)))


def differences(crops: np.ndarray) -> dict[str, float]:
    """The greatest difference of each answer, in what it is used for.

    Points are taken over the crop, -1 to 1. Logits of the mask run from -1800 to 270, and LiteRT's
    are up to 3 away from those of double precision: compared is the probability in 64 x 64 cells.
    """
    ours, theirs = answer(crops), answer_with_litert(crops)
    assert float(theirs.presence.median()) > 0.9
    pairs = {
        "points": (ours.points[..., :3] / (SIDE / 2), theirs.points[..., :3] / (SIDE / 2)),
        "visibility": (ours.points[..., 3:].sigmoid(), theirs.points[..., 3:].sigmoid()),
        "mask": (F.avg_pool2d(ours.mask.sigmoid(), 4), F.avg_pool2d(theirs.mask.sigmoid(), 4)),
        **{name: (getattr(ours, name), getattr(theirs, name)) for name in ("presence", "heat")},
        "world": (ours.world_m, theirs.world_m),
    }
    return {name: float((a - b).abs().max()) for name, (a, b) in pairs.items()}


def test_all_answers_are_those_of_litert() -> None:
    apart = differences(cut_people(12))

    assert max(apart.values()) < 1e-3, apart


@pytest.mark.slow
def test_all_answers_are_those_of_litert_on_100_crops() -> None:
    apart = differences(cut_people(100))

    assert max(apart.values()) < 1e-3, apart


@pytest.mark.slow
@pytest.mark.shared
def test_all_answers_are_those_of_litert_on_photos(shared: Path) -> None:
    apart = differences(cut_tracked(shared / "assets" / "videos" / "sam2_dog.mp4", 16))

    assert max(apart.values()) < 1e-3, apart


def test_crops_of_a_batch_do_not_disturb_one_another() -> None:
    crops = cut_people(3)

    together, alone = answer(crops), answer(crops[1:2])

    torch.testing.assert_close(together.world_m[1:2], alone.world_m, rtol=0, atol=1e-4)
