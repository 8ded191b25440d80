"""Clothes tell people apart."""

import numpy as np
import pytest

from model.tracking.appearance import likeness, torso_histogram
from model.types import Array
from tests.model.toy_people import BLUE, RED, bodies, film, look, walk


def clothes(colour: tuple[int, int, int], x: float = 200.0) -> Array:
    rgb = film({colour: walk(x, 0)}, 1)[0].rgb
    return torso_histogram(rgb, look(rgb, next(bodies(rgb))).points)


def test_the_histogram_sums_to_one() -> None:
    assert clothes(RED).sum() == pytest.approx(1)


def test_the_same_clothes_elsewhere_are_alike() -> None:
    assert likeness(clothes(RED), clothes(RED, 300.0)) == pytest.approx(1)


def test_other_clothes_are_not() -> None:
    assert likeness(clothes(RED), clothes(BLUE)) == pytest.approx(0)


def test_somebody_outside_the_picture_has_clothes_of_its_edge() -> None:
    points = np.full((33, 7), -500, np.float32)

    assert torso_histogram(np.zeros((4, 4, 3), np.uint8), points)[0] == 1
