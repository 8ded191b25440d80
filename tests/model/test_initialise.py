"""Networks to train from."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.bodies import Body, load_body
from model.errors import UsageError
from model.initialise import fourier_features, initialise
from tests.model.seeded import TINY, seeded_pixels, to_images

CONFIG = TINY.model_copy(
    update={"transformer": TINY.transformer.model_copy(update={"dims": (128, 64)})}
)


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("anny")


def test_untrained_it_answers_with_the_rest_pose(body: Body) -> None:
    network = initialise(CONFIG, body, seed=3)

    with torch.inference_mode():
        prediction = network(to_images(seeded_pixels(1)))

    off_m = np.linalg.norm(prediction.coarse_m.numpy() - body.rest_coarse_m, axis=2)
    assert off_m.mean() < 0.06
    assert abs(prediction.camera[:, 0] - 0.9).max() < 0.1
    assert abs(prediction.camera[:, 1:]).max() < 0.1


def test_a_seed_means_the_same_parameters_whatever_else_was_drawn(body: Body) -> None:
    first = initialise(CONFIG, body, seed=3).state_dict()
    torch.rand(5)
    second, other = (initialise(CONFIG, body, seed=seed).state_dict() for seed in (3, 4))

    assert all(torch.equal(x, second[key]) for key, x in first.items())
    assert not torch.equal(first["conv_1x1.weight"], other["conv_1x1.weight"])


def test_nobody_elses_draws_are_disturbed(body: Body) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)

    initialise(CONFIG, body, seed=3)

    assert torch.equal(torch.rand(3), expected)


def test_intermediate_vertices_start_from_the_bodys_fit(body: Body) -> None:
    network = initialise(CONFIG, body, seed=3)

    layer = network.coarse2intermediate_upsample
    assert np.array_equal(layer.weight.detach().numpy(), body.coarse_to_intermediate)
    assert not layer.bias.any()


def test_a_body_without_a_rest_pose_needs_weights(body: Body) -> None:
    with pytest.raises(UsageError, match="'anny' has no rest pose"):
        initialise(CONFIG, replace(body, rest_coarse_m=None), seed=3)


def test_near_points_have_near_features() -> None:
    torch.manual_seed(0)
    points_m = torch.tensor([[0.0, 0, 0], [0.01, 0, 0], [1.0, 0, 0]])

    here, near, far = fourier_features(points_m, 257)

    assert here.square().mean() == pytest.approx(1, abs=0.1)
    assert (here - near).norm() < 0.1 * (here - far).norm()
