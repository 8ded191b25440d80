"""A body topology: which vertices there are, and how its levels and joints follow from each other.

Every body has three levels of fixed size, coarse (431), intermediate (1723) and fine (6890
vertices), so one network serves them all. This module knows no file and no network.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float32, Int32

from model.types import H36M_TO_J14, Array


class Interpolation(NamedTuple):
    """Rows of a sparse matrix with exactly three entries each.

    Attributes:
        indices: Source vertices of every target vertex.
        weights: Their weights; rows need not sum to one.
    """

    indices: Int32[Array, "rows 3"]
    weights: Float32[Array, "rows 3"]


@dataclass(frozen=True, eq=False)
class Body:
    """One topology. All arrays are read-only.

    Positions are in metres in the camera frame: x right, y down, z away from the camera.

    Attributes:
        name: What models call it: `anny`, `smpl`.
        licence: Of the data, in words; results on this body carry it.
        faces: Triangles of the fine level, counter-clockwise seen from outside: the cross
            product (b - a) x (c - a) points out of the body. The camera frame is right-handed,
            so this holds in it and in every frame that is a rotation away.
        intermediate_faces: Triangles of the intermediate level, wound likewise.
        coarse_adjacency: Whether two coarse vertices share an edge or are the same; symmetric.
        fine_to_intermediate: The fine vertex that each intermediate vertex is.
        intermediate_to_coarse: The intermediate vertex that each coarse vertex is.
        intermediate_to_fine: Fine vertices as weighted sums of three intermediate ones.
        joint_regressor: Human3.6M's 17 joints as weighted sums of fine vertices.
        coarse_to_intermediate: A start for the layer that networks learn, where one was fitted.
        rest_coarse_m: Coarse vertices of the rest pose facing the camera, about the pelvis
            of `joint_regressor`, where the rest pose is known.
        rest_joints_m: The 14 joints J14 of that pose.
    """

    name: str
    licence: str
    faces: Int32[Array, "faces 3"]
    intermediate_faces: Int32[Array, "intermediate_faces 3"]
    coarse_adjacency: Bool[Array, "431 431"]
    fine_to_intermediate: Int32[Array, "1723"]
    intermediate_to_coarse: Int32[Array, "431"]
    intermediate_to_fine: Interpolation
    joint_regressor: Float32[Array, "17 6890"]
    coarse_to_intermediate: Float32[Array, "1723 431"] | None = None
    rest_coarse_m: Float32[Array, "431 3"] | None = None
    rest_joints_m: Float32[Array, "14 3"] | None = None


def regress_joints(
    body: Body, vertices_m: Float32[Array, "n 6890 3"]
) -> tuple[Float32[Array, "n 17 3"], Float32[Array, "n 14 3"]]:
    """Return the joints (H36M's 17, J14) of fine meshes, in the frame and units of the meshes.

    The regressor has few entries a row, so only the vertices it names are read.
    """
    used = np.flatnonzero(body.joint_regressor.any(axis=0))  # [a few hundred]
    h36m_m = body.joint_regressor[:, used] @ vertices_m[:, used]  # [n,17,3]
    return h36m_m, h36m_m[:, H36M_TO_J14]
