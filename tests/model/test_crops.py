"""A person's square: exact, antialiased, and as published."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from model.crops import crop_person, published_crop
from model.inference import normalise
from model.types import Array, Observation


def observe(*square_px: float) -> Observation:
    return Observation(1, 0, 0.0, np.array(square_px, np.float32), 1.0)


def dot(center_px: tuple[float, float], radius_px: float, side: int = 480) -> Array:
    """A white disk whose centre of mass is at `center_px`, drawn to a 16th of a pixel."""
    picture = np.zeros((side, side, 3), np.uint8)
    at = [round((value - 0.5) * 16) for value in center_px]
    cv2.circle(picture, at, round(radius_px * 16), (255, 255, 255), -1, cv2.LINE_AA, 4)
    return picture


def centre_of_mass(picture: Array) -> Array:
    weight = picture[..., 0].astype(np.float64)
    ys, xs = np.mgrid[: picture.shape[0], : picture.shape[1]] + 0.5
    return np.array([(xs * weight).sum(), (ys * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("side", [60.0, 224.0, 301.5, 460.0, 1100.0])
@pytest.mark.parametrize("published", [False, True])
def test_pixels_and_camera_move_together(side: float, published: bool) -> None:
    centre = (241.25, 236.5)
    left, top = 240 - 0.45 * side, 240 - 0.55 * side
    observation = observe(left, top, left + side, top + side)

    crop = crop_person(dot(centre, side / 20), observation, published=published)

    expected = crop.image_to_crop @ [*centre, 1]
    np.testing.assert_allclose(centre_of_mass(crop.pixels), expected, atol=0.15)


def test_whole_pixels_are_copied_unchanged() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (300, 400, 3), np.uint8)

    crop = crop_person(picture, observe(100, 50, 324, 274))

    np.testing.assert_array_equal(crop.pixels, picture[50:274, 100:324])


@pytest.mark.parametrize("shrink", [2.0, 2.7, 4.0, 9.0])
def test_fine_stripes_shrink_to_grey(shrink: float) -> None:
    side = int(224 * shrink)
    stripes = np.zeros((side, side, 3), np.uint8)
    stripes[:, ::2] = 200

    crop = crop_person(stripes, observe(0, 0, side, side))

    inner = crop.pixels[8:-8, 8:-8].astype(np.float64)
    assert np.abs(inner - 100).max() < 12


def test_outside_the_image_is_black() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)

    crop = crop_person(white, observe(50, -50, 150, 50))

    assert crop.pixels[:110].max() == 0
    assert crop.pixels[:, 114:].max() == 0
    assert crop.pixels[114:, :110].min() == 255


def test_a_square_wholly_outside_is_black() -> None:
    crop = crop_person(np.full((10, 10, 3), 255, np.uint8), observe(500, 500, 900, 900))

    assert crop.pixels.max() == 0


def test_an_image_of_one_pixel_is_cropped() -> None:
    crop = crop_person(np.full((1, 1, 3), 90, np.uint8), observe(-1000, -1000, 1000, 1000))

    assert crop.pixels.shape == (224, 224, 3)


def bilinear(picture: Array, x: float, y: float) -> Array:
    """The colour at pixel index (x, y), black outside."""
    left, top = int(np.floor(x)), int(np.floor(y))
    colour = np.zeros(3)
    for column, row in ((left, top), (left + 1, top), (left, top + 1), (left + 1, top + 1)):
        if 0 <= row < picture.shape[0] and 0 <= column < picture.shape[1]:
            colour += (1 - abs(x - column)) * (1 - abs(y - row)) * picture[row, column]
    return colour


@pytest.mark.parametrize("angle_deg", [0.0, 30.0])
def test_published_crop_agrees_with_its_naive_twin(angle_deg: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (6, 6, 3), np.uint8)
    picture = cv2.resize(noise, (60, 60))  # smooth: OpenCV rotates in steps of 1/32 pixel
    corner, side = np.array([10, 12]), 28  # of the truncated square

    pixels = published_crop(picture, np.array([24.7, 26.2]), 0.14, angle_deg)

    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    centre = (side - 1) / 2
    turned = np.zeros((side, side, 3))
    for row, column in np.ndindex(side, side):
        x, y = column - centre, row - centre
        source = corner + centre + (cos * x - sin * y, sin * x + cos * y)
        turned[row, column] = bilinear(picture, *source)
    for row, column in ((100, 100), (31, 180), (120, 7)):
        x, y = (np.array([column, row]) + 0.5) * side / 224 - 0.5
        np.testing.assert_allclose(pixels[row, column], bilinear(turned, x, y), atol=1.0)


@pytest.mark.shared
@pytest.mark.parametrize("case", range(5))
def test_published_crop_matches_the_original(shared: Path, case: int) -> None:
    with np.load(shared / "parity" / "preproc_cases.npz") as cases:
        image, expected, normal = (
            cases[key] for key in ("image", f"c{case}_chw01", f"c{case}_norm")
        )
        parameters = json.loads(str(cases[f"c{case}_params"]))

    pixels = published_crop(
        image,
        np.array(parameters["center"]),
        parameters["scale"],
        float(parameters["rot"]),
        bool(parameters["flip"]),
        tuple(map(float, parameters["pn"])),
    )

    np.testing.assert_allclose(pixels.transpose(2, 0, 1) / 255, expected, atol=1e-6)
    found = normalise(torch.tensor(pixels[None], dtype=torch.float32))
    np.testing.assert_allclose(found[0].numpy(), normal, atol=1e-6)
