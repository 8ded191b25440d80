"""Cuts are noticed; flashes, movement and noise are none."""

import numpy as np
import pytest

from model.tracking.scene import SceneCuts, shrink
from model.types import Array
from tests.model.toy_people import RED, film, walk


def noise(seed: int) -> Array:
    blocks = np.random.default_rng(seed).integers(0, 256, (9, 16, 3), np.uint8)
    return blocks.repeat(20, 0).repeat(20, 1)


def test_another_scene_is_a_cut() -> None:
    scene = SceneCuts()

    assert [scene.cuts_to(noise(seed)) for seed in (1, 1, 2, 2)] == [False, False, True, False]


@pytest.mark.parametrize("gain", [0.3, 1.8])
def test_a_change_of_light_is_no_cut(gain: float) -> None:
    scene = SceneCuts()
    scene.cuts_to(noise(1) // 2)

    assert not scene.cuts_to((noise(1) // 2 * gain).astype(np.uint8))


def test_somebody_walking_by_is_no_cut() -> None:
    scene = SceneCuts()

    assert not any(scene.cuts_to(frame.rgb) for frame in film({RED: walk(0, 200, r=150.0)}, 24))


@pytest.mark.parametrize(
    ("size", "small"),
    [((720, 1280), (27, 49)), ((576, 768), (27, 36)), ((1, 1), (1, 1)), ((5, 4096), (5, 4096))],
)
def test_a_picture_of_any_size_is_shrunk(size: tuple[int, int], small: tuple[int, int]) -> None:
    assert shrink(np.zeros((*size, 3), np.uint8)).shape == (*small, 3)
