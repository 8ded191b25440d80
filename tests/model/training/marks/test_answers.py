from dataclasses import replace

import numpy as np
import pytest

from model.loading import Model, load_model
from model.training.marks.answers import answer_of_blazepose, answer_of_model, untrained_twin
from model.training.marks.facing import turn_between_deg
from model.types import Array, Estimate, Evidence
from tests.model.training.marks.cases import STANDING_PX, seen


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("remocap-anny", device="cpu")


class Knows:
    """A predictor that answers the rest pose, in one row of the window alone."""

    def __init__(self, coarse_m: Array, row: int) -> None:
        self._coarse_m, self._row = coarse_m, row

    def predict(self, inputs: Evidence) -> Estimate:
        n = len(inputs.mask)
        coarse_m = np.full((n, 431, 3), np.nan, np.float32)
        coarse_m[self._row] = self._coarse_m
        camera = np.tile(np.array([0.9, 0.0, 0.0], np.float32), (n, 1))
        return Estimate(camera, np.zeros((n, 14, 3), np.float32), coarse_m)


def test_a_model_is_asked_about_the_marked_frame_of_the_window(model: Model) -> None:
    assert model.body.rest_coarse_m is not None
    knowing = replace(model, predictor=Knows(model.body.rest_coarse_m, row=5))

    answer = answer_of_model(knowing, seen(row=5))

    assert np.isfinite(answer.joints_px).all()
    assert turn_between_deg(answer.facing_deg, 0.0) < 5  # at rest one faces the camera


def test_joints_move_with_the_square(model: Model) -> None:
    assert model.body.rest_coarse_m is not None
    knowing = replace(model, predictor=Knows(model.body.rest_coarse_m, row=0))

    here, there = (answer_of_model(knowing, seen(shift)) for shift in ((0.0, 0.0), (100.0, 0.0)))

    moved = np.tile([100.0, 0.0], (12, 1))
    np.testing.assert_allclose(there.joints_px - here.joints_px, moved, atol=1e-3)


def test_blazepose_is_taken_at_its_word() -> None:
    answer = answer_of_blazepose(seen())

    np.testing.assert_array_equal(answer.joints_px, STANDING_PX.astype(np.float32))
    assert turn_between_deg(answer.facing_deg, 0.0) < 1e-3


def test_the_untrained_twin_has_the_network_and_other_weights(model: Model) -> None:
    twin = untrained_twin(model, seed=7)

    assert twin.card.network == model.card.network
    assert not twin.card.trained
    assert twin.weights_sha256 != model.weights_sha256
