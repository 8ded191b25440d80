"""Cuts are noticed; flashes, movement and noise are none."""

import numpy as np
import pytest

from model.tracking.scene import SceneCuts
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
