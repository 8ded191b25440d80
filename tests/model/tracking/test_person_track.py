"""Forecasts and running means of one person."""

import math

import numpy as np
import pytest

from model.landmarks import Landmarks
from model.region import Region
from model.tracking.person_track import Sighting, Track


def sighting(frame: int, x: float, r: float = 50.0, presence: float = 1.0) -> Sighting:
    colours = np.zeros(128, np.float32)
    colours[0] = 1
    landmarks = Landmarks(np.zeros((33, 7), np.float32), presence, Region(x, 100.0, r))
    return Sighting(frame, frame / 10, landmarks, colours)


def walked(count: int, step: float) -> Track:
    track = Track(sighting(0, 0.0))
    for frame in range(1, count):
        track.see(sighting(frame, step * frame))
    return track


def test_a_walk_is_forecast_to_go_on() -> None:
    assert walked(10, 8.0).predict(1.0).x_px == pytest.approx(80, abs=2)


def test_out_of_sight_the_forecast_slows_down() -> None:
    track = walked(10, 8.0)

    assert track.predict(5.0).x_px == pytest.approx(72 + 80 * 0.5, abs=2)


def test_presence_is_a_mean_that_forgets() -> None:
    track = Track(sighting(0, 0.0))
    track.see(sighting(1, 0.0, presence=0.5))
    assert track.presence == pytest.approx(0.75)

    for frame in range(2, 60):
        track.see(sighting(frame, 0.0, presence=0.9))
    assert track.presence == pytest.approx(0.9, abs=0.01)


def test_whoever_leaves_the_place_of_birth_has_moved() -> None:
    assert not walked(7, 8.0).moved
    assert walked(8, 8.0).moved


def test_a_jump_in_size_is_an_infinite_surprise() -> None:
    track = walked(10, 0.0)

    assert track.surprise(sighting(10, 25.0)) == pytest.approx(0.5)
    assert track.surprise(sighting(10, 0.0, r=90.0)) == math.inf


def test_sightings_are_found_by_frame() -> None:
    track = walked(10, 0.0)

    assert track.at(4) is track.sightings[4]
    assert track.at(10) is None
