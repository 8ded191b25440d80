import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.training.augment import (
    Augmentation,
    AugmentConfig,
    crop_affine,
    draw_augmentation,
    project_to_crop,
    turn_joints,
    turn_pose,
)


def load_case(shared: Path, index: int) -> tuple[dict[str, Any], Augmentation, dict[str, Any]]:
    """Parameters, draw and arrays of one published case."""
    with np.load(shared / "parity" / "preproc_cases.npz") as file:
        arrays = {k.split("_", 1)[1]: file[k] for k in file.files if k.startswith(f"c{index}_")}
    parameters = json.loads(str(arrays["params"]))
    draw = Augmentation(rotation_deg=float(parameters["rot"]), flip=bool(parameters["flip"]))
    return parameters, draw, arrays


@pytest.mark.shared
@pytest.mark.parametrize("index", range(5))
def test_joints_and_pose_are_the_published_ones(shared: Path, index: int) -> None:
    parameters, draw, arrays = load_case(shared, index)
    affine = crop_affine(
        np.array(parameters["center"]), 200 * parameters["scale"], draw.rotation_deg
    )

    joints2d = project_to_crop(arrays["j2d_in"], affine, flip=draw.flip, quantised=True)

    np.testing.assert_allclose(joints2d, arrays["j2d"], atol=1e-6)
    np.testing.assert_allclose(turn_joints(arrays["j3d_in"], draw), arrays["j3d"], atol=1e-6)
    np.testing.assert_allclose(turn_pose(arrays["pose_in"], draw), arrays["pose"], atol=1e-6)


def test_exact_points_lie_within_two_pixels_of_the_published_ones() -> None:
    joints_px = np.random.default_rng(0).uniform(100, 400, (24, 3))
    affine = crop_affine(np.array([250.0, 250.0]), 300.0, 20.0)

    exact = project_to_crop(joints_px, affine, flip=False)
    published = project_to_crop(joints_px, affine, flip=False, quantised=True)

    assert (np.abs(exact - published)[:, :2] <= 2 * 2 / 224).all()


def test_the_corner_of_the_square_is_the_corner_of_the_crop() -> None:
    affine = crop_affine(np.array([30.0, 40.0]), 20.0, 0.0)

    np.testing.assert_allclose(affine @ [20.0, 30.0, 1.0], [0, 0], atol=1e-9)
    np.testing.assert_allclose(affine @ [40.0, 50.0, 1.0], [224, 224], atol=1e-9)


def test_two_mirrors_are_none() -> None:
    pose = np.random.default_rng(1).normal(size=72)
    mirror = Augmentation(flip=True)

    np.testing.assert_allclose(turn_pose(turn_pose(pose, mirror), mirror), pose, atol=1e-9)


def test_draws_keep_to_their_limits() -> None:
    rng = np.random.default_rng(2)

    draws = [draw_augmentation(AugmentConfig(), rng) for _ in range(2000)]

    assert max(abs(d.rotation_deg) for d in draws) == 60
    assert np.mean([d.rotation_deg == 0 for d in draws]) == pytest.approx(0.6, abs=0.05)
    assert np.mean([d.flip for d in draws]) == pytest.approx(0.5, abs=0.05)
    assert {min(d.scale for d in draws), max(d.scale for d in draws)} == {0.75, 1.25}
    assert all(0.6 <= g <= 1.4 for d in draws for g in d.gains)


def test_nothing_to_draw_changes_nothing() -> None:
    config = AugmentConfig(flip=0, reverse=0, gain=0, rotation_deg=0, scale=0)

    assert draw_augmentation(config, np.random.default_rng(3)) == Augmentation()
