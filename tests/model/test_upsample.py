"""Coarse to fine vertices in one product."""

import numpy as np
import pytest

from model.bodies import Body, load_body
from model.types import COARSE, INTERMEDIATE, Array
from model.upsample import Upsampling


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("anny")


def upsample_in_two_steps(coarse_m: Array, weight: Array, bias: Array, body: Body) -> Array:
    """The naive twin: the learned layer per frame and axis, then sums of three, in doubles."""
    indices, weights = body.intermediate_to_fine
    meshes = []
    for frame_m in coarse_m.astype(np.float64):
        intermediate_m = np.stack([weight @ frame_m[:, axis] + bias for axis in range(3)], axis=1)
        meshes.append(sum(weights[:, k, None] * intermediate_m[indices[:, k]] for k in range(3)))
    return np.stack(meshes)


def test_one_product_equals_both_layers(body: Body) -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(INTERMEDIATE, COARSE)).astype(np.float32) / COARSE
    bias = rng.normal(size=INTERMEDIATE).astype(np.float32)
    coarse_m = rng.normal(size=(3, COARSE, 3)).astype(np.float32)

    fine_m = Upsampling.from_layers(weight, bias, body)(coarse_m)

    twin_m = upsample_in_two_steps(coarse_m, weight, bias, body)
    np.testing.assert_allclose(fine_m, twin_m, atol=1e-5)


def test_vertices_of_a_frame_lie_together_in_memory(body: Body) -> None:
    layers = np.zeros((INTERMEDIATE, COARSE), np.float32), np.ones(INTERMEDIATE, np.float32)

    fine_m = Upsampling.from_layers(*layers, body)(np.zeros((2, COARSE, 3), np.float32))

    assert fine_m.flags.c_contiguous


def test_no_frames_give_no_meshes(body: Body) -> None:
    layers = np.zeros((INTERMEDIATE, COARSE), np.float32), np.zeros(INTERMEDIATE, np.float32)

    fine_m = Upsampling.from_layers(*layers, body)(np.zeros((0, COARSE, 3), np.float32))

    assert fine_m.shape == (0, 6890, 3)
