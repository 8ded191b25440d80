"""Coarser levels of a mesh: decimated, with vertices that are some of the finer level's own."""

from typing import NamedTuple

import fast_simplification
import numpy as np
from jaxtyping import Bool, Float32, Float64, Int32, Int64

from model.types import Array

_AGGRESSIVENESS = 7.0  # of the decimation; the library's own default
_FOLDED = 0.2  # cosine of a face with the surface about it, under which it counts as folded
_ROUNDS = 8  # of unfolding; two to four are enough


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

    Quadric decimation (Garland and Heckbert 1997) merges clusters of vertices into one, which it
    puts elsewhere. Of each cluster the vertex nearest to that place is kept, or another where
    the surface would be folded.
    """
    # By Euler's formula such a surface has 2 V - 4 triangles.
    *_, collapses = fast_simplification.simplify(
        vertices_m,
        faces,
        target_count=2 * count - 4,
        agg=_AGGRESSIVENESS,
        return_collapses=True,
    )
    moved_m, coarse_faces, cluster = fast_simplification.replay_simplification(
        vertices_m, faces, collapses
    )
    cluster = cluster.astype(np.int64)
    assert len(moved_m) == count, f"decimation left {len(moved_m)} vertices instead of {count}"
    order = np.lexsort((np.linalg.norm(vertices_m - moved_m[cluster], axis=1), cluster))
    nearest = order[np.searchsorted(cluster[order], np.arange(count))]
    coarse_faces = coarse_faces.astype(np.int32)
    selection = _unfold(
        nearest, coarse_faces, cluster, vertices_m, vertex_normals(vertices_m, faces)
    )
    return Level(selection.astype(np.int32), coarse_faces)


def _unfold(
    selection: Int64[Array, "vertices"],
    faces: Int32[Array, "faces 3"],
    cluster: Int64[Array, "finer"],
    vertices_m: Float32[Array, "finer 3"],
    normals: Float32[Array, "finer 3"],
) -> Int64[Array, "vertices"]:
    """Exchange corners of folded faces for others of their clusters until that helps no more."""
    selection = selection.copy()
    for _ in range(_ROUNDS):
        before = selection.copy()
        folded = _facing(selection[faces], vertices_m, normals) < _FOLDED
        for corner in np.unique(faces[folded]):
            around = faces[(faces == corner).any(axis=1)]
            choice = np.append(selection[corner], np.flatnonzero(cluster == corner))
            # [choices,faces,3]: the faces around, with each choice in the corner's place.
            tried = np.where(around == corner, choice[:, None, None], selection[around])
            facing = _facing(tried, vertices_m, normals)
            selection[corner] = choice[np.minimum(facing, _FOLDED).sum(axis=1).argmax()]
        if (selection == before).all():
            break
    return selection


def _facing(
    triangles: Int64[Array, "*batch 3"],
    vertices_m: Float32[Array, "finer 3"],
    normals: Float32[Array, "finer 3"],
) -> Float64[Array, "*batch"]:
    """Return the cosine between each triangle and the finer surface at its corners."""
    a, b, c = np.moveaxis(vertices_m[triangles].astype(np.float64), -2, 0)
    across = _unit(np.cross(b - a, c - a))
    facing: Array = (across * _unit(normals[triangles].sum(axis=-2))).sum(axis=-1)
    return facing


def vertex_normals(
    vertices_m: Float32[Array, "vertices 3"], faces: Int32[Array, "faces 3"]
) -> Float32[Array, "vertices 3"]:
    """Return outward normals: of the triangles around each vertex, weighted by area.

    Not those of `model.shading`, which round otherwise: a tie broken the other way would choose
    another vertex, and so give another body than the one that models were trained on.
    """
    a, b, c = vertices_m[faces].swapaxes(0, 1)
    across = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices_m)
    for corner in range(3):
        np.add.at(normals, faces[:, corner], across)
    return _unit(normals)


def _unit(vectors: Array) -> Array:
    unit: Array = vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-12)
    return unit


def adjacency(faces: Int32[Array, "faces 3"], count: int) -> Bool[Array, "count count"]:
    """Return which vertices share an edge or are the same."""
    adjacent = np.eye(count, dtype=bool)
    for a, b in ((0, 1), (1, 2), (2, 0)):
        adjacent[faces[:, a], faces[:, b]] = True
        adjacent[faces[:, b], faces[:, a]] = True
    return adjacent
