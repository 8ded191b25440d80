"""Published checkpoints of RemoCap and FastMETRO: read strictly, or made into a model folder."""

import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from model.architecture import architecture_of
from model.atomic import replacing
from model.config import ModelCard
from model.errors import InputError, UsageError
from model.network import RemoCap
from model.types import COARSE, Array
from model.weights import save_weights

Adjacency = Bool[Array, "431 431"] | Bool[Tensor, "431 431"]

# Parts of the published files that its network never uses, or that older versions had.
_DROPPED = (
    "backbone.classifier.",
    "backbone.bn3.",
    "backbone.bn4.",
    "ema.",
    "ema_1.",
    "mea.",
    "mesh_sampler.",
    "myconv.",
    "smpl.",
    "trans_conv.",
)
_LICENCE = "As the checkpoint's publisher states; RemoCap's was trained on 3DPW and Human3.6M"


def from_official(state_dict: Mapping[str, Any], coarse_adjacency: Adjacency) -> RemoCap:
    """The network of a published state dict, ready to answer.

    Args:
        state_dict: As published; may be wrapped in `state_dict` or `model`, and its names may
            carry `module.`. Whether there are SD, MD and the SMPL-parameter regressor, and of
            which sizes the network is, follows from it.
        coarse_adjacency: Of the body the network was trained on.

    Raises:
        InputError: `bad_checkpoint`, naming what is missing, left over or of the wrong shape.
    """
    return read_official(state_dict, coarse_adjacency)[0]


def read_official(
    state_dict: Mapping[str, Any], coarse_adjacency: Adjacency
) -> tuple[RemoCap, list[str]]:
    """As `from_official`, with a note for each part that was dropped or left at its start."""
    state = _unwrap(state_dict)
    dropped = sorted({part for key in state for part in _DROPPED if key.startswith(part)})
    kept = {key: value for key, value in state.items() if not key.startswith(_DROPPED)}
    network = RemoCap(architecture_of(kept), coarse_adjacency)
    expected = network.state_dict()
    uncounted = {
        key for key in expected.keys() - kept.keys() if key.endswith(".num_batches_tracked")
    }
    _check(kept, {key: value for key, value in expected.items() if key not in uncounted})
    network.load_state_dict(kept, strict=False)  # strict above; batch counts may be absent
    notes = [f"dropped {part}*, which the network does not use" for part in dropped]
    if uncounted:
        notes.append(f"{len(uncounted)} batch norms do not say how many batches they have seen")
    return network.eval(), notes


def _unwrap(state_dict: Mapping[str, Any]) -> dict[str, Tensor]:
    """The parameters themselves, by their published names."""
    for wrapping in ("state_dict", "model"):
        inner = state_dict.get(wrapping)
        if isinstance(inner, Mapping):
            return _unwrap(inner)
    for key, value in state_dict.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            kind = type(value).__name__
            raise _bad(f"entry {key!r} is {kind}, expected names and tensors; give a state dict")
    return {re.sub(r"^(module\.)+", "", key): value for key, value in state_dict.items()}


def _check(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> None:
    """Refuse anything but the expected names and shapes."""
    missing = sorted(expected.keys() - state.keys())
    surplus = sorted(key for key in state.keys() - expected.keys() if not _counts_batches(key))
    misshapen = [
        f"{key} is {list(state[key].shape)}, expected {list(expected[key].shape)}"
        for key in sorted(expected.keys() & state.keys())
        if state[key].shape != expected[key].shape
    ]
    complaints = {"missing": missing, "left over": surplus, "of the wrong shape": misshapen}
    if any(complaints.values()):
        named = "; ".join(f"{what}: {_list(names)}" for what, names in complaints.items() if names)
        raise _bad(f"this is no published RemoCap or FastMETRO; {named}")


def _counts_batches(key: str) -> bool:
    return key.endswith(".num_batches_tracked")


def _list(names: list[str], most: int = 5) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def _bad(reason: str) -> InputError:
    return InputError("bad_checkpoint", reason)


def load_official(path: Path, coarse_adjacency: Adjacency) -> tuple[RemoCap, list[str]]:
    """As `read_official`, from a file, which may hold tensors and nothing that runs.

    Raises:
        InputError: `bad_checkpoint`: it cannot be read, is no such file or does not fit.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise _bad(f"{path} cannot be read ({error.strerror}); give another file") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise _bad(f"{path} is no file of tensors as torch saves them ({reason})") from error
    if not isinstance(state, Mapping):
        raise _bad(f"{path} holds {type(state).__name__}, expected a state dict")
    return read_official(state, coarse_adjacency)


def import_checkpoint(path: Path, models_dir: Path, *, name: str, body: str) -> Path:
    """Make a published checkpoint into the model folder `models_dir/name`, and return that.

    Args:
        path: The checkpoint.
        models_dir: Where models lie; it is made where there is none.
        name: Of the model; a model of that name is replaced.
        body: Name of the body its vertices belong to; it may be imported later.

    Raises:
        InputError: `bad_checkpoint`.
        UsageError: `bad_name`, for a name that no folder may have.
        OutputError: The folder cannot be written.
    """
    # Who may look at whom is no part of the weights, so any adjacency serves to check them.
    network, notes = load_official(path, np.eye(COARSE, dtype=bool))
    try:
        card = ModelCard(
            name=name, body=body, network=network.config, licence=_LICENCE, trained=True
        )
    except ValueError:
        raise UsageError(
            "bad_name",
            f"name is '{name}' and body '{body}'; expected lower-case letters, digits, . _ or -",
        ) from None
    folder = models_dir / name
    folder.mkdir(parents=True, exist_ok=True)
    digest = save_weights(network, folder / "weights.safetensors")
    description = "; ".join([f"Imported from {path.name}", *notes])
    card = card.model_copy(update={"weights_sha256": digest, "description": description})
    with replacing(folder / "model.json") as temporary:
        temporary.write_text(card.model_dump_json(indent=2) + "\n")
    return folder
