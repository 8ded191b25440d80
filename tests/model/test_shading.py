"""Normals, light and colours."""

import numpy as np
import pytest

from model.shading import (
    PALETTE,
    linear_to_srgb,
    person_rgb,
    shade,
    srgb_to_linear,
    vertex_normals,
)

# A tetrahedron, faces counter-clockwise seen from outside.
CORNERS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
FACES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]], np.int32)


def _naive_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    summed = np.zeros_like(vertices)
    for a, b, c in faces:
        area = np.cross(vertices[b] - vertices[a], vertices[c] - vertices[a])
        for corner in (a, b, c):
            summed[corner] += area
    return summed / np.linalg.norm(summed, axis=1, keepdims=True)


def test_normals_equal_the_naive_twin() -> None:
    vertices = CORNERS + np.random.default_rng(0).normal(0, 0.1, CORNERS.shape).astype(np.float32)
    np.testing.assert_allclose(
        vertex_normals(vertices, FACES), _naive_normals(vertices, FACES), atol=1e-6
    )


def test_normals_point_outwards() -> None:
    outwards = CORNERS - CORNERS.mean(axis=0)
    assert (np.einsum("vd,vd->v", vertex_normals(CORNERS, FACES), outwards) > 0).all()


def test_a_vertex_without_a_face_has_no_normal() -> None:
    vertices = np.vstack([CORNERS, np.ones((1, 3), np.float32)])
    assert (vertex_normals(vertices, FACES)[4] == 0).all()


def test_what_looks_up_is_brighter_than_what_looks_down() -> None:
    up_and_down = np.array([[0, -0.8, -0.6], [0, 0.8, -0.6]], np.float32)
    bright, dark = shade(up_and_down, person_rgb(1))
    assert (bright > dark).all()


def test_people_repeat_colours_after_the_palette() -> None:
    colours = [tuple(person_rgb(track_id)) for track_id in range(1, len(PALETTE) + 2)]
    assert len(set(colours)) == len(PALETTE)
    assert colours[0] == colours[-1]


@pytest.mark.parametrize(("srgb", "linear"), [(0.0, 0.0), (0.5, 0.21404), (1.0, 1.0)])
def test_srgb_has_its_published_values(srgb: float, linear: float) -> None:
    decoded = srgb_to_linear(np.array([srgb], np.float32))
    assert decoded[0] == pytest.approx(linear, abs=1e-5)
    assert linear_to_srgb(decoded)[0] == pytest.approx(srgb, abs=1e-5)
