"""BlazePose's circle about the hips, and the squares made of it."""

import math
from dataclasses import replace

import numpy as np
import pytest

from model.region import Region


def test_the_lean_is_that_of_the_line_from_the_hips_up() -> None:
    region = Region.of_points(np.array([100.0, 200.0]), np.array([150.0, 150.0]))

    assert region.radius_px == pytest.approx(math.hypot(50, 50))
    assert region.rotation_rad == pytest.approx(math.pi / 4)


@pytest.mark.parametrize("rotation_rad", [0.0, 0.6, -2.5])
def test_the_crop_stands_the_person_up(rotation_rad: float) -> None:
    region = Region(100.0, 200.0, 40.0, rotation_rad)
    top = (100 + 40 * math.sin(rotation_rad), 200 - 40 * math.cos(rotation_rad))

    hips, head = (region.image_to_crop(256) @ [[100, top[0]], [200, top[1]], [1, 1]]).T

    np.testing.assert_allclose(hips, [128, 128])
    np.testing.assert_allclose(head, [128, 128 - 128 / 1.25])


def test_the_networks_square_is_a_tenth_wider_than_the_circle() -> None:
    np.testing.assert_allclose(Region(100.0, 200.0, 40.0, 1.0).crop_px, [56, 156, 144, 244])


def test_a_box_becomes_the_circle_of_its_longer_side() -> None:
    assert Region.of_box(10.0, 20.0, 30.0, 100.0) == Region(20.0, 60.0, 40.0)


def test_distance_is_in_radii_of_the_larger() -> None:
    assert Region(0.0, 0.0, 10.0).distance(Region(30.0, 40.0, 25.0)) == pytest.approx(2)


def test_hips_and_top_make_the_region() -> None:
    region = Region(30.0, 40.0, 20.0, 2.5)

    again = Region.of_points(region.hips_px, region.top_px)

    assert again.distance(region) < 1e-6
    assert abs(again.radius_px - 20) < 1e-6
    assert abs(again.rotation_rad - 2.5) < 1e-6


def test_a_mirrored_region_is_the_same_square_seen_in_a_mirror() -> None:
    region = Region(30.0, 40.0, 20.0, 0.4)
    points = np.random.default_rng(0).uniform(0, 80, (5, 2))

    plain, mirrored = (
        points @ m[:, :2].T + m[:, 2]
        for m in (region.image_to_crop(64), replace(region, mirrored=True).image_to_crop(64))
    )

    np.testing.assert_allclose(mirrored, plain * (-1, 1) + (64, 0))
