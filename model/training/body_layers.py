"""A body topology as torch sees it: levels and joints of batches, differentiable."""

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor, nn

from model.bodies import Body
from model.errors import UsageError
from model.training.objective import Surface
from model.types import Array

Levels = tuple[Tensor, Tensor, Tensor]


class BodyLayers(nn.Module):
    """The fixed maps of a body. Nothing in it is learned or saved."""

    fine_sources: Tensor
    fine_weights: Tensor
    fine_to_intermediate: Tensor
    intermediate_to_coarse: Tensor
    joint_sources: Tensor
    joint_weights: Tensor
    edges: Tensor
    faces: Tensor
    coarse_joints: Tensor | None

    def __init__(self, body: Body) -> None:
        super().__init__()
        sources = np.flatnonzero(body.joint_regressor.any(axis=0))
        constants = {
            "fine_sources": body.intermediate_to_fine.indices.astype(np.int64),
            "fine_weights": body.intermediate_to_fine.weights,
            "fine_to_intermediate": body.fine_to_intermediate.astype(np.int64),
            "intermediate_to_coarse": body.intermediate_to_coarse.astype(np.int64),
            "joint_sources": sources,
            "joint_weights": body.joint_regressor[:, sources],
            "edges": edges_of(body.intermediate_faces),
            "faces": body.intermediate_faces.astype(np.int64),
        }
        for name, array in constants.items():
            self.register_buffer(name, torch.from_numpy(array.copy()), persistent=False)
        self.register_buffer("coarse_joints", _coarse_joints(body), persistent=False)

    def fine_m(self, intermediate_m: Float[Tensor, "n 1723 3"]) -> Float[Tensor, "n 6890 3"]:
        """Intermediate to fine vertices."""
        corners = intermediate_m[:, self.fine_sources]  # [n,6890,3 sources,3]
        return (corners * self.fine_weights[:, :, None]).sum(dim=2)

    def joints_m(self, fine_m: Float[Tensor, "n 6890 3"]) -> Float[Tensor, "n 17 3"]:
        """Human3.6M's 17 joints of fine meshes; the first is the pelvis."""
        return self.joint_weights @ fine_m[:, self.joint_sources]

    def joints_of_coarse_m(self, coarse_m: Float[Tensor, "n 431 3"]) -> Float[Tensor, "n 17 3"]:
        """The same joints, of fine meshes that the body's own fit makes of coarse ones.

        Raises:
            UsageError: `no_rest_pose`: this body has no such fit.
        """
        if self.coarse_joints is None:
            raise UsageError("no_rest_pose", "body has no fit for its meshes; expected mesh: fine")
        return self.coarse_joints @ coarse_m

    def levels_m(self, fine_m: Float[Tensor, "n 6890 3"]) -> Levels:
        """Coarse, intermediate and fine vertices of fine meshes."""
        intermediate_m = fine_m[:, self.fine_to_intermediate]
        return intermediate_m[:, self.intermediate_to_coarse], intermediate_m, fine_m

    def surface(self, weights: tuple[Tensor | None, Tensor | None, Tensor | None]) -> Surface:
        """What the loss needs of the intermediate level."""
        return Surface(self.edges, self.faces, weights)


def _coarse_joints(body: Body) -> Float[Tensor, "17 431"] | None:
    """Human3.6M's joints as weighted sums of coarse vertices."""
    if body.coarse_to_intermediate is None:
        return None
    to_fine, regressor = body.intermediate_to_fine, body.joint_regressor
    intermediate = np.zeros((len(regressor), len(body.coarse_to_intermediate)), np.float32)
    for corner in range(to_fine.indices.shape[1]):
        weighted = regressor * to_fine.weights[:, corner]
        np.add.at(intermediate.T, to_fine.indices[:, corner], weighted.T)
    return torch.from_numpy(intermediate @ body.coarse_to_intermediate)


def edges_of(faces: Array) -> Array:
    """Every edge of a triangle mesh once, [e,2]."""
    edges = np.sort(faces[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    return np.unique(edges, axis=0).astype(np.int64)


def area_weights(body: Body) -> tuple[Tensor, Tensor, Tensor]:
    """How much surface each vertex stands for in the rest pose, with mean 1 on every level.

    Raises:
        UsageError: `no_rest_pose`: the body's rest pose is not known.
    """
    if body.rest_coarse_m is None or body.coarse_to_intermediate is None:
        raise UsageError(
            "no_rest_pose", f"body {body.name!r} has no rest pose; expected vertex_weights: alike"
        )
    to_intermediate, to_fine = body.coarse_to_intermediate, body.intermediate_to_fine
    intermediate_m = to_intermediate @ body.rest_coarse_m
    fine_m = (to_fine.weights[..., None] * intermediate_m[to_fine.indices]).sum(axis=1)
    fine = _vertex_areas(fine_m, body.faces)
    intermediate = np.zeros(len(intermediate_m), np.float32)
    np.add.at(intermediate, to_fine.indices, _shares(to_fine.weights) * fine[:, None])
    coarse = _shares(to_intermediate).T @ intermediate
    first, second, third = (torch.from_numpy(w / w.mean()) for w in (coarse, intermediate, fine))
    return first, second, third


def _shares(weights: Float32[Array, "rows sources"]) -> Float32[Array, "rows sources"]:
    """How a target's area is shared by its sources; weights may be negative, shares are not."""
    shares: Array = np.abs(weights) / np.abs(weights).sum(axis=1, keepdims=True)
    return shares


def _vertex_areas(vertices_m: Float32[Array, "v 3"], faces: Array) -> Float32[Array, "v"]:
    """A third of the area of the faces around every vertex."""
    a, b, c = vertices_m[faces].swapaxes(0, 1)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=-1) / 6
    areas = np.zeros(len(vertices_m), np.float32)
    np.add.at(areas, faces, area[:, None])
    return areas
