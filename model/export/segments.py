"""A person's motion for morph targets: cut into stretches, moved rigidly, the rest as integers.

What moves rigidly, turning round or walking off, is left to the node that carries the mesh; the
morph targets hold what is left, the moving limbs. So small integers describe them well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int8, Int16, Int32

from model.reconstruction import Mesh
from model.rotations import nearest_rotmat
from model.shading import vertex_normals
from model.types import Array, Sequence

MAX_TARGETS = 60  # of one mesh; viewers add up all of them for every picture
_INT16, _INT8 = 32767, 127
_LEAST_STEP_M = 1e-5


class Stretch(NamedTuple):
    """Consecutive rows of a person that one mesh shows.

    Attributes:
        rows: The rows. Where the next stretch follows without a gap, its first row is the last
            one here as well, so that motion flows from one mesh into the other.
        joined: Whether that is so.
    """

    rows: slice
    joined: bool


def cut_stretches(sequence: Sequence) -> Iterator[Stretch]:
    """Cut at gaps of the track, and so that no stretch has more than `MAX_TARGETS` rows."""
    ends = np.flatnonzero(np.diff(sequence.frame_index) != 1) + 1
    for start, end in zip([0, *ends], [*ends, len(sequence)], strict=True):
        first = int(start)
        while end - first > MAX_TARGETS:
            yield Stretch(slice(first, first + MAX_TARGETS), joined=True)
            first += MAX_TARGETS - 1
        yield Stretch(slice(first, int(end)), joined=False)


@dataclass(frozen=True, eq=False)
class Morphs:
    """The meshes of a stretch as a base, one difference per row, and rigid motion.

    Vertices in the camera frame are `rotmat @ (step_m * (base + target)) + translation_m`, to half
    a step; the step is 0.05 mm or less for a body that fits a sphere of 1.6 m about the pelvis.
    Normals likewise, in 127ths.

    Attributes:
        step_m: Metres per integer.
        base: The row in the middle.
        targets: What is added to it in each row.
        base_normals: Unit vectors times 127.
        normal_targets: What is added to them; where a surface turns by more than a right angle
            it may fall short, and the normal leans back by some degrees.
        rotmat: Of the node, per row.
        translation_m: Of the node, per row.
    """

    step_m: float
    base: Int16[Array, "vertices 3"]
    targets: Int16[Array, "n vertices 3"]
    base_normals: Int8[Array, "vertices 3"]
    normal_targets: Int8[Array, "n vertices 3"]
    rotmat: Float32[Array, "n 3 3"]
    translation_m: Float32[Array, "n 3"]


def mesh_to_morphs(mesh: Mesh, faces: Int32[Array, "faces 3"]) -> Morphs:
    """Split the meshes of a stretch into rigid motion and integers."""
    middle = len(mesh.vertices_m) // 2
    turns = _turns_from(mesh.vertices_m[middle], mesh.vertices_m)  # [n,3,3]
    still_m = mesh.vertices_m @ turns  # the inverse turn, applied to rows
    base_m = still_m[middle]
    reach_m = max(np.abs(still_m).max(), np.abs(still_m - base_m).max())
    step_m = max(float(reach_m) / (_INT16 - 1), _LEAST_STEP_M)
    grid = np.rint(still_m / step_m).astype(np.int32)  # [n,V,3]
    normals = np.stack([_unit_normals(vertices_m, faces) for vertices_m in still_m])
    base_normals = np.rint(normals[middle] * _INT8)
    leans = np.clip(np.rint(normals * _INT8) - base_normals, -_INT8, _INT8)
    return Morphs(
        step_m=step_m,
        base=grid[middle].astype(np.int16),
        targets=(grid - grid[middle]).astype(np.int16),
        base_normals=base_normals.astype(np.int8),
        normal_targets=leans.astype(np.int8),
        rotmat=mesh.view_rotmat @ turns,
        translation_m=mesh.translation_m,
    )


def _turns_from(
    start_m: Float32[Array, "vertices 3"], vertices_m: Float32[Array, "n vertices 3"]
) -> Float32[Array, "n 3 3"]:
    """Return the rotations about the pelvis that bring `start_m` closest to each mesh."""
    return nearest_rotmat(vertices_m.transpose(0, 2, 1) @ start_m)


def _unit_normals(
    vertices_m: Float32[Array, "vertices 3"], faces: Int32[Array, "faces 3"]
) -> Float32[Array, "vertices 3"]:
    """Return normals, some unit vector where a vertex has none: formats ask for unit length."""
    normals = vertex_normals(vertices_m, faces)
    normals[~normals.any(axis=1)] = (0, 0, -1)
    return normals
