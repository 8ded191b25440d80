"""What the vertices of a model's meshes are connected by, as arrays. Knows no web and no queue."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.config import NAME
from model.registry import find_model, weights_id
from model.types import Array
from service.errors import NotFoundError
from service.messages import model_key
from service.shapes import Shapes, load_shapes


def find_shapes(topology: str, models_dir: Path) -> Shapes:
    """Return what a reference `<model>@<first digits of the weights' hash>` stands for.

    Raises:
        NotFoundError: `unknown_topology`.
        InputError: The model or its body cannot be read.
    """
    name = topology.partition("@")[0]
    if re.fullmatch(NAME, name):
        try:
            card = find_model(name, models_dir).card
        except ValueError:
            card = None
        if card is not None and model_key(name, weights_id(card)) == topology:
            return load_shapes(name, weights_id(card), models_dir)
    raise NotFoundError(
        "unknown_topology",
        f"there is no topology '{topology[:80]}'; expected one that a job names, of a model that "
        "is still here",
    )


def topology_arrays(shapes: Shapes) -> Mapping[str, Array]:
    """Return the arrays of a topology, little-endian.

    `faces` i32[faces,3] and `coarse_edges` i32[edges,2]; `upsampling_weight` f32[6890,431] and
    `upsampling_bias` f32[6890], with which fine = weight @ coarse + bias; `joint_regressor`
    f32[17,6890], Human3.6M's joints.
    """
    body, upsampling = shapes.body, shapes.upsampling
    edges = np.argwhere(np.triu(body.coarse_adjacency, 1))
    return {
        "faces": body.faces.astype("<i4"),
        "coarse_edges": edges.astype("<i4"),
        "upsampling_weight": upsampling.weight.astype("<f4"),
        "upsampling_bias": upsampling.bias.astype("<f4"),
        "joint_regressor": body.joint_regressor.astype("<f4"),
    }
