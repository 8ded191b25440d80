"""Coarser levels of a mesh: decimated, then snapped to vertices of the finer level."""

from typing import NamedTuple

import fast_simplification
import numpy as np
from jaxtyping import Bool, Float32, Int32
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import min_weight_full_bipartite_matching
from scipy.spatial import cKDTree

from model.types import Array

_CANDIDATES = 12  # finer vertices that a decimated one may snap to
_AGGRESSIVENESS = 7.0  # of the decimation; the library's own default


class Level(NamedTuple):
    """One level, in terms of the next finer one.

    Attributes:
        selection: The finer vertex that each vertex is.
        faces: Triangles, wound as those of the finer level.
    """

    selection: Int32[Array, "vertices"]
    faces: Int32[Array, "faces 3"]


def coarsen(
    vertices_m: Float32[Array, "finer 3"], faces: Int32[Array, "finer_faces 3"], count: int
) -> Level:
    """Reduce a closed surface without holes to `count` of its vertices.

    Quadric decimation moves vertices off the surface's own; each is then assigned a distinct
    vertex of the finer level such that the distances sum to the least.
    """
    # By Euler's formula such a surface has 2 V - 4 triangles.
    moved_m, coarse_faces = fast_simplification.simplify(
        vertices_m, faces, target_count=2 * count - 4, agg=_AGGRESSIVENESS
    )
    assert len(moved_m) == count, f"decimation left {len(moved_m)} vertices instead of {count}"
    distance_m, nearest = cKDTree(vertices_m).query(moved_m, k=_CANDIDATES)
    rows = np.repeat(np.arange(count), _CANDIDATES)
    # A stored zero would count as no edge at all.
    costs = csr_matrix(
        (distance_m.ravel() + 1e-6, (rows, nearest.ravel())), shape=(count, len(vertices_m))
    )
    _, selection = min_weight_full_bipartite_matching(costs)
    return Level(selection.astype(np.int32), coarse_faces.astype(np.int32))


def adjacency(faces: Int32[Array, "faces 3"], count: int) -> Bool[Array, "count count"]:
    """Return which vertices share an edge or are the same."""
    adjacent = np.eye(count, dtype=bool)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        adjacent[faces[:, a], faces[:, b]] = True
        adjacent[faces[:, b], faces[:, a]] = True
    return adjacent
