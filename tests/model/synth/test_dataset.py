import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.camera import project_weak
from model.errors import InputError
from model.synth.backdrop import Backdrops
from model.synth.dataset import BakedSet, SynthClips
from model.training.batch import ClipSource, join_samples
from tests.model.synth.made import small_set


@pytest.fixture(scope="module")
def baked(tmp_path_factory: pytest.TempPathFactory) -> BakedSet:
    return small_set(tmp_path_factory.mktemp("set"))


def test_a_sample_depends_on_index_and_generator_alone(baked: BakedSet) -> None:
    clips = SynthClips(baked, Backdrops())

    once, again, other = (clips.sample(0, np.random.default_rng(s)) for s in (1, 1, 2))

    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(once.pixels, other.pixels)


def test_it_is_a_source_to_train_on(baked: BakedSet) -> None:
    clips = SynthClips(baked, Backdrops())
    assert isinstance(clips, ClipSource)

    batch = join_samples([clips.sample(i, np.random.default_rng(i)) for i in range(len(clips))])

    assert batch.pixels.shape == (16, 224, 224, 3)
    assert batch.mesh_m.shape == (16, 431, 3)
    assert batch.has_mesh.all()


class Plain(Backdrops):
    """One grey behind everybody, and on nobody's clothes."""

    def __init__(self, grey: float) -> None:
        super().__init__()
        self.grey = grey

    def draw(self, rng: np.random.Generator) -> torch.Tensor:  # noqa: ARG002
        return torch.full((3, 320, 320), self.grey)

    def draw_texture(self, rng: np.random.Generator) -> torch.Tensor:  # noqa: ARG002
        return torch.full((3, 96, 96), 0.5)


def test_labels_lie_on_the_person(baked: BakedSet) -> None:
    black, white = (SynthClips(baked, Plain(grey), clean=True) for grey in (0.0, 1.0))
    for index in range(len(baked)):
        sample = black.sample(index, np.random.default_rng(4))
        other = white.sample(index, np.random.default_rng(4))

        # Behind the person the two differ.
        person = np.abs(sample.pixels.astype(int) - other.pixels).max(axis=3) < 40
        places = ((sample.joints2d[..., :2] + 1) * 112).astype(int)
        for mask, joints in zip(person, places, strict=True):
            near = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9)))
            x, y = joints[((joints >= 0) & (joints < 224)).all(axis=1)].T
            assert len(x) > 8
            assert near[y, x].all()


def test_2d_labels_are_the_projected_3d_labels(baked: BakedSet) -> None:
    sample = SynthClips(baked, Backdrops(), clean=True).sample(1, np.random.default_rng(0))

    # A weak-perspective camera, fitted to each frame, leaves what perspective adds.
    for joints_m, joints2d in zip(sample.joints3d_m, sample.joints2d, strict=True):
        xy = joints_m[:, :2]
        columns = np.concatenate(
            [
                np.stack([xy[:, 0], np.ones(14), np.zeros(14)], 1),
                np.stack([xy[:, 1], np.zeros(14), np.ones(14)], 1),
            ]
        )
        s, sx, sy = np.linalg.lstsq(columns, joints2d[:, :2].T.ravel(), rcond=None)[0]
        camera = np.float32([[s, sx / s, sy / s]])
        crop = np.float32([[0, 0, 224, 224]])
        fitted = project_weak(joints_m[None, :, :3], camera, crop)[0]
        error_px = np.linalg.norm(fitted - (joints2d[:, :2] + 1) * 112, axis=1)
        assert error_px.mean() < 6


def test_all_that_may_happen_to_a_picture_happens(baked: BakedSet) -> None:
    clips = SynthClips(baked, Backdrops())

    samples = [clips.sample(0, np.random.default_rng(seed)).pixels for seed in range(14)]

    cut_off = [
        (pixels[:, :, :3] == 0).all() or (pixels[:, :, -3:] == 0).all() for pixels in samples
    ]
    assert 0 < sum(cut_off) < 10
    assert len({int(pixels.mean()) for pixels in samples}) > 8


@pytest.mark.parametrize("damage", ["card", "array", "shape"])
def test_a_damaged_set_is_refused(tmp_path: Path, damage: str) -> None:
    small_set(tmp_path, clips=1, side=16)
    if damage == "card":
        (tmp_path / "set.json").write_text("[]")
    elif damage == "array":
        (tmp_path / "rest.npy").write_bytes(b"nothing")
    else:
        card = json.loads((tmp_path / "set.json").read_text())
        (tmp_path / "set.json").write_text(json.dumps(card | {"clips": 9}))

    with pytest.raises(InputError) as caught:
        BakedSet(tmp_path)

    assert caught.value.code == "bad_baked_set"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_makes_the_same_pictures(baked: BakedSet) -> None:
    here, there = (
        SynthClips(baked, Backdrops(), device=device, clean=True).sample(
            0, np.random.default_rng(1)
        )
        for device in ("cpu", "cuda")
    )

    assert np.abs(here.pixels.astype(int) - there.pixels).mean() < 0.5
