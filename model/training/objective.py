"""RemoCap's loss: the single terms, of a predicted and a true side, and their weighted sum."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64

from model.training.loss_config import LossConfig
from model.training.losses import (
    centre_on_hips,
    edge_length_error,
    joint_error,
    mean_edge_length,
    normal_error,
    velocity_error,
    vertex_error,
)

Tensor = torch.Tensor
SURFACE = ("edge_error", "edge_length", "normals")
LEVELS = ("coarse", "intermediate", "fine")


@dataclass(frozen=True)
class Predicted:
    """What the network says; every mesh and joint set about an origin of its own frame.

    Attributes:
        joints3d_m: J14 joints: those of the tokens, and those of the mesh.
        joints2d: The same two, projected to -1 to 1 over the crop.
        meshes_m: Coarse, intermediate and fine vertices about the pelvis; or the coarse alone.
    """

    joints3d_m: tuple[Float[Tensor, "n 14 3"], Float[Tensor, "n 14 3"]]
    joints2d: tuple[Float[Tensor, "n 14 2"], Float[Tensor, "n 14 2"]]
    meshes_m: tuple[Float[Tensor, "n _ 3"], ...]


@dataclass(frozen=True)
class Truth:
    """What is known. Values that are not known must be finite all the same.

    Attributes:
        joints3d_m: J14 joints, the last column the confidence.
        has_joints3d: Frames whose joints are known.
        joints2d: -1 to 1 over the crop, the last column the confidence.
        meshes_m: As the predicted side has them.
        has_mesh: Frames whose mesh is known.
    """

    joints3d_m: Float[Tensor, "n 14 4"]
    has_joints3d: Bool[Tensor, "n"]
    joints2d: Float[Tensor, "n 14 3"]
    meshes_m: tuple[Float[Tensor, "n _ 3"], ...]
    has_mesh: Bool[Tensor, "n"]


@dataclass(frozen=True)
class Surface:
    """Edges and faces of the intermediate level, and the weights of each level's vertices."""

    edges: Int64[Tensor, "e 2"]
    faces: Int64[Tensor, "t 3"]
    vertex_weights: tuple[Tensor | None, Tensor | None, Tensor | None] = (None, None, None)


def loss_terms(
    predicted: Predicted, truth: Truth, surface: Surface, config: LossConfig
) -> dict[str, Float[Tensor, ""]]:
    """Every term by name, not weighted. Velocities are those of the points as they are given."""
    masked = config.masked_velocity
    return {
        **_joint3d_terms(predicted, truth, masked),
        **_joint2d_terms(predicted, truth, masked),
        **_vertex_terms(predicted, truth, surface, masked),
        **_surface_terms(predicted, truth, surface),
    }


def weigh_terms(terms: dict[str, Float[Tensor, ""]], config: LossConfig) -> Float[Tensor, ""]:
    """The loss."""
    vertices = sum(
        weight * (terms[level] + config.vertex_velocity * terms[f"{level}_velocity"])
        for level, weight in zip(LEVELS, config.levels, strict=True)
        if level in terms
    )
    surface = sum(getattr(config, name) * terms[name] for name in SURFACE if name in terms)
    joints3d = terms["joints3d"] + config.joint3d_velocity * terms["joints3d_velocity"]
    joints2d = terms["joints2d"] + config.joint2d_velocity * terms["joints2d_velocity"]
    return (
        config.joints3d * joints3d
        + config.joints2d * joints2d
        + config.vertices * vertices
        + config.surface * surface
    )


def _joint3d_terms(predicted: Predicted, truth: Truth, masked: bool) -> dict[str, Tensor]:
    points, confidence = truth.joints3d_m[..., :3], truth.joints3d_m[..., 3]
    known = (confidence > 0) & truth.has_joints3d[:, None] if masked else None
    centred = centre_on_hips(points)
    first, second = predicted.joints3d_m
    return {
        "joints3d": joint_error(centre_on_hips(first), centred, confidence, truth.has_joints3d)
        + joint_error(centre_on_hips(second), centred, confidence, truth.has_joints3d),
        "joints3d_velocity": velocity_error(first, points, known)
        + velocity_error(second, points, known),
    }


def _joint2d_terms(predicted: Predicted, truth: Truth, masked: bool) -> dict[str, Tensor]:
    points, confidence = truth.joints2d[..., :2], truth.joints2d[..., 2]
    everywhere = torch.ones_like(truth.has_joints3d)
    known = confidence > 0 if masked else None
    first, second = predicted.joints2d
    return {
        "joints2d": joint_error(first, points, confidence, everywhere)
        + joint_error(second, points, confidence, everywhere),
        "joints2d_velocity": velocity_error(first, points, known)
        + velocity_error(second, points, known),
    }


def _vertex_terms(
    predicted: Predicted, truth: Truth, surface: Surface, masked: bool
) -> dict[str, Tensor]:
    terms = {}
    levels = zip(LEVELS, surface.vertex_weights, strict=True)
    sides = zip(predicted.meshes_m, truth.meshes_m, strict=True)
    for (level, weights), (ours, theirs) in zip(levels, sides, strict=False):
        known = truth.has_mesh[:, None].expand(ours.shape[:2]) if masked else None
        terms[level] = vertex_error(ours, theirs, truth.has_mesh, weights)
        terms[f"{level}_velocity"] = velocity_error(ours, theirs, known)
    return terms


def _surface_terms(predicted: Predicted, truth: Truth, surface: Surface) -> dict[str, Tensor]:
    if len(truth.meshes_m) == 1:
        return {}
    intermediate_m, true_m, known = predicted.meshes_m[1], truth.meshes_m[1], truth.has_mesh
    return {
        "edge_error": edge_length_error(intermediate_m, true_m, surface.edges, known),
        "edge_length": mean_edge_length(intermediate_m, surface.edges, known),
        "normals": normal_error(intermediate_m, true_m, surface.faces, known),
    }
