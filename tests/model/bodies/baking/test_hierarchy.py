"""Coarser levels of a sphere; skipped where the `bake` extra is not installed."""

import numpy as np
import pytest
import trimesh

from model.types import Array

pytest.importorskip("fast_simplification")

from model.bodies.baking.hierarchy import adjacency, coarsen


def test_a_coarser_level_is_a_selection_that_keeps_the_shape() -> None:
    sphere = trimesh.creation.icosphere(subdivisions=4)
    vertices_m, faces = sphere.vertices.astype(np.float32), sphere.faces.astype(np.int32)

    level = coarsen(vertices_m, faces, 200)

    coarse = trimesh.Trimesh(vertices_m[level.selection], level.faces, process=False)
    assert len(np.unique(level.selection)) == 200
    assert coarse.is_watertight
    assert coarse.volume == pytest.approx(sphere.volume, rel=0.05)  # positive: wound outwards


def test_adjacency_is_that_of_the_triangles_and_of_each_with_itself() -> None:
    faces: Array = np.array([[0, 1, 2], [2, 1, 3]], np.int32)

    adjacent = adjacency(faces, 5)

    expected = np.ones((5, 5), bool)
    expected[0, 3] = expected[3, 0] = expected[4, :4] = expected[:4, 4] = False
    np.testing.assert_array_equal(adjacent, expected)
