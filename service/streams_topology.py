"""What turns coarse rows of a model into meshes, as one file for clients (docs/streams.md)."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from safetensors.numpy import save

from model.bodies import Body, load_body
from model.bodies.topology import BONES, coarse_faces
from model.errors import UsageError
from model.registry import find_model, load_learned_layer, weights_id
from model.types import H36M_TO_J14, JOINT_NAMES, Array
from service.errors import GoneError, NotFoundError
from service.messages import model_key

MEDIA_TYPE = "application/vnd.remocap.topology"
_MIN_DIGITS = 12  # of the hash, in a reference


@dataclass(frozen=True)
class Topology:
    """The file of a model.

    Attributes:
        reference: `name@weights`, which names this file for good.
        data: Safetensors.
        sha256: Of the data.
    """

    reference: str
    data: bytes
    sha256: str


def topology_url(model: str, weights_sha256: str) -> str:
    """Where the topology of a model with these weights is."""
    return f"/v1/models/{model_key(model, weights_sha256)}/topology"


def find_topology(name: str, models_dir: Path | None = None) -> Topology:
    """Return the topology of a model.

    Args:
        name: Of the model, or `name@weights` with 12 or more digits of the weights' hash.
        models_dir: Of the user's own models.

    Raises:
        NotFoundError: `unknown_model`.
        GoneError: `model_replaced`: it has other weights now.
        InputError: As `load_body` and `load_learned_layer`.
    """
    name, at, digits = name.partition("@")
    try:
        folder = find_model(name, models_dir)
    except UsageError as error:
        raise NotFoundError(error.code, error.message) from None
    weights = weights_id(folder.card)
    if at and not _names(digits, weights):
        raise GoneError(
            "model_replaced",
            f"the weights of model '{name}' are {weights[:_MIN_DIGITS]}, not '{digits[:64]}'; "
            f"expected '{name}' or '{model_key(name, weights)}'",
        )
    return _make(name, weights, models_dir)


def _names(digits: str, weights: str) -> bool:
    whole = re.fullmatch(rf"[0-9a-f]{{{_MIN_DIGITS},64}}", digits) is not None
    return whole and weights.startswith(digits)


@lru_cache(maxsize=4)
def _make(name: str, weights: str, models_dir: Path | None) -> Topology:
    folder = find_model(name, models_dir)
    card = folder.card
    body = load_body(card.body, models_dir)
    weight, bias = load_learned_layer(folder, body)
    facts = {
        "model": card.name,
        "weights_sha256": weights,
        "trained": json.dumps(card.trained),
        "body": body.name,
        "licence": card.licence,
        "joint_names": json.dumps(JOINT_NAMES),
    }
    layer = {"intermediate_weight": weight, "intermediate_bias": bias}
    arrays = {name: np.ascontiguousarray(a) for name, a in (layer | _arrays(body)).items()}
    data = save(arrays, facts)
    return Topology(model_key(card.name, weights), data, hashlib.sha256(data).hexdigest())


def _arrays(body: Body) -> dict[str, Array]:
    joints, vertices = np.nonzero(body.joint_regressor)
    return {
        "fine_weights": body.intermediate_to_fine.weights,
        "fine_indices": body.intermediate_to_fine.indices,
        "faces": body.faces,
        "coarse_faces": coarse_faces(body),
        "joint_weights": body.joint_regressor[joints, vertices],
        "joint_vertices": vertices.astype(np.int32),
        "joint_starts": np.searchsorted(joints, np.arange(18)).astype(np.int32),
        "joints14": np.array(H36M_TO_J14, np.int32),
        "skeleton": np.array(BONES, np.int32),
    }
