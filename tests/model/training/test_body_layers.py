from dataclasses import replace

import numpy as np
import pytest
import torch

from model.bodies import load_body, regress_joints
from model.errors import UsageError
from model.training.body_layers import BodyLayers, area_weights, edges_of
from model.upsample import Upsampling

BODY = load_body("anny")


def test_levels_and_joints_are_those_of_the_body() -> None:
    intermediate_m = np.random.default_rng(0).normal(size=(2, 1723, 3)).astype(np.float32)
    fold = Upsampling.from_layers(
        np.eye(1723, 431, dtype=np.float32), np.zeros(1723, np.float32), BODY
    )
    intermediate_m[:, 431:] = 0  # so that the folded map applies
    layers = BodyLayers(BODY)

    fine_m = layers.fine_m(torch.from_numpy(intermediate_m))

    np.testing.assert_allclose(fine_m, fold(intermediate_m[:, :431]), atol=1e-4)
    joints_m, _ = regress_joints(BODY, fine_m.numpy())
    np.testing.assert_allclose(layers.joints_m(fine_m), joints_m, atol=1e-4)


def test_levels_are_selections_of_the_fine_vertices() -> None:
    fine_m = torch.arange(6890.0)[None, :, None].expand(1, 6890, 3)

    coarse, intermediate, fine = BodyLayers(BODY).levels_m(fine_m)

    np.testing.assert_array_equal(intermediate[0, :, 0], BODY.fine_to_intermediate)
    np.testing.assert_array_equal(
        coarse[0, :, 0], BODY.fine_to_intermediate[BODY.intermediate_to_coarse]
    )
    assert fine is fine_m


def test_every_edge_is_listed_once() -> None:
    edges = edges_of(np.array([[0, 1, 2], [2, 1, 3]], np.int32))

    assert edges.tolist() == [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3]]


def test_area_weights_have_mean_one_and_tame_the_hands() -> None:
    coarse, intermediate, fine = area_weights(BODY)

    for weights in (coarse, intermediate, fine):
        assert float(weights.mean()) == pytest.approx(1, rel=1e-5)
        assert float(weights.min()) >= 0
    assert float(coarse.max()) > 2


def test_a_body_without_a_rest_pose_has_no_areas() -> None:
    with pytest.raises(UsageError, match="no rest pose"):
        area_weights(replace(BODY, rest_coarse_m=None))
