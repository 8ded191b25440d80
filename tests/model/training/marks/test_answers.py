from dataclasses import replace

import numpy as np
import pytest
import torch

from model.inference import Predictor
from model.loading import Model, load_model
from model.network import Prediction
from model.training.marks.answers import answer_of_blazepose, answer_of_model, untrained_twin
from model.training.marks.facing import turn_between_deg
from tests.model.training.marks.cases import STANDING_PX, seen


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("remocap-anny", device="cpu")


def knowing(model: Model, row: int) -> Model:
    """A model that answers the rest pose, in one row of the window alone."""
    assert model.body.rest_coarse_m is not None
    coarse_m = torch.full((8, 431, 3), torch.nan)
    coarse_m[row] = torch.tensor(model.body.rest_coarse_m)
    camera = torch.tensor([[0.9, 0.0, 0.0]]).expand(8, 3)
    rest = Prediction(camera, torch.zeros(8, 14, 3), coarse_m)
    predictor = Predictor(lambda _: rest, torch.device("cpu"), torch.float32)
    return replace(model, predictor=predictor)


def test_a_model_is_asked_about_the_marked_frame_of_the_window(model: Model) -> None:
    answer = answer_of_model(knowing(model, row=5), seen(row=5))

    assert np.isfinite(answer.joints_px).all()
    assert turn_between_deg(answer.facing_deg, 0.0) < 5  # at rest one faces the camera


def test_joints_move_with_the_square(model: Model) -> None:
    standing = knowing(model, row=0)

    here, there = (answer_of_model(standing, seen(shift)) for shift in ((0.0, 0.0), (100.0, 0.0)))

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
