"""BlazePose's landmark network, on a real picture."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from model.detect import BlazePoseDetector
from model.evidence import warp_mask
from model.landmarks import OTHER_SIDE, LandmarkModel, Landmarks, average
from model.region import Region
from model.types import Array
from model.video import open_video

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
WOMAN = Region(250.0, 290.0, 270.0)  # in the first frame of the clip, roughly
NOSE, RIGHT_ANKLE = 0, 28


@pytest.fixture(scope="module")
def rgb(shared: Path) -> Array:
    """A woman stooping to a dog."""
    with open_video(shared / "assets" / "videos" / "sam2_dog.mp4", end_s=0.01) as video:
        return next(iter(video)).rgb


@pytest.fixture(scope="module")
def look() -> LandmarkModel:
    return LandmarkModel()


@pytest.mark.shared
def test_a_person_is_there_and_is_found_again_where_the_look_says(
    rgb: Array, look: LandmarkModel
) -> None:
    first = look(rgb, WOMAN)
    second = look(rgb, first.region)

    assert first.presence > 0.95
    assert second.presence > 0.95
    assert first.distance(second) < 0.1
    assert second.points[NOSE, 1] < second.points[RIGHT_ANKLE, 1]


@pytest.mark.shared
def test_nobody_is_in_the_hedge(rgb: Array, look: LandmarkModel) -> None:
    assert look(rgb, Region(1150.0, 150.0, 120.0)).presence < 0.5


@pytest.mark.shared
def test_somebody_upside_down_has_the_same_landmarks(rgb: Array, look: LandmarkModel) -> None:
    height, width = rgb.shape[:2]
    turned = Region(width - WOMAN.x_px, height - WOMAN.y_px, WOMAN.radius_px, np.pi)

    upright = look(rgb, WOMAN).points
    upside_down = look(cv2.rotate(rgb, cv2.ROTATE_180), turned).points

    apart_px = np.linalg.norm((width, height) - upside_down[:, :2] - upright[:, :2], axis=1)
    assert apart_px.mean() < 0.03 * WOMAN.radius_px
    apart_m = np.linalg.norm(upside_down[:, 4:] * (-1, -1, 1) - upright[:, 4:], axis=1)
    assert apart_m.mean() < 0.05


@pytest.mark.shared
def test_the_mask_covers_the_body_and_not_the_corners(rgb: Array, look: LandmarkModel) -> None:
    found = look(rgb, WOMAN)

    assert found.mask is not None
    x, y = found.mask.image_to_mask @ [found.region.x_px, found.region.y_px, 1]
    assert found.mask.cells[int(y), int(x)] == 255
    assert found.mask.cells[[0, 0, -1, -1], [0, -1, 0, -1]].max() == 0


def standing(x: float, y: float, r: float = 10.0) -> Landmarks:
    points = np.zeros((33, 7), np.float32)
    points[:, 0] = np.linspace(x - r / 2, x + r / 2, 33)
    points[:, 1] = np.linspace(y - r, y + r, 33)
    return Landmarks(points, 1.0, Region(x, y, r))


def test_distance_is_in_radii() -> None:
    assert standing(50.0, 50.0).distance(standing(53.0, 54.0)) == pytest.approx(0.5)


def test_cover_is_the_share_of_the_smaller_box() -> None:
    assert standing(50.0, 50.0).cover(standing(50.0, 50.0, 5.0)) == pytest.approx(1)
    assert standing(50.0, 50.0).cover(standing(55.0, 50.0)) == pytest.approx(0.5)
    assert standing(50.0, 50.0).cover(standing(80.0, 50.0)) == 0


def test_in_view_counts_points_in_the_picture() -> None:
    assert standing(50.0, 0.0).in_view(100, 100) == pytest.approx(17 / 33)


def test_in_a_mirror_the_same_person_is_seen(look: LandmarkModel) -> None:
    with open_video(SAMPLE, end_s=0.01) as video:
        rgb = next(iter(video)).rgb
    region = look(rgb, BlazePoseDetector().detect(rgb)[0].region).region

    plain, mirrored = look(rgb, region), look(rgb, replace(region, mirrored=True))

    apart_px = np.linalg.norm(mirrored.points[:, :2] - plain.points[:, :2], axis=1)
    swapped_px = np.linalg.norm(mirrored.points[OTHER_SIDE, :2] - plain.points[:, :2], axis=1)
    assert apart_px.max() < 0.1 * region.radius_px
    assert apart_px.mean() < swapped_px.mean() / 3
    assert np.abs(mirrored.points[:, 4] - plain.points[:, 4]).max() < 0.12
    assert mirrored.region.distance(plain.region) < 0.05
    assert plain.mask is not None
    assert mirrored.mask is not None
    cells = [warp_mask(seen.mask, region.crop_px) > 127 for seen in (plain, mirrored)]
    assert (cells[0] & cells[1]).sum() > 0.9 * (cells[0] | cells[1]).sum()


def test_the_average_of_two_looks_lies_between_them() -> None:
    rng = np.random.default_rng(5)
    one, other = (
        Landmarks(rng.random((33, 7), np.float32), presence, region)
        for presence, region in (
            (0.5, Region(10.0, 20.0, 5.0, np.pi - 0.1)),
            (1.0, Region(14.0, 20.0, 5.0, 0.1 - np.pi)),
        )
    )

    mean = average(one, other)

    np.testing.assert_allclose(mean.points, (one.points + other.points) / 2)
    assert mean.presence == 0.75
    assert (mean.region.x_px, mean.region.y_px) == (12.0, 20.0)
    assert abs(mean.region.rotation_rad) == pytest.approx(np.pi)  # and not upright
