"""A model by name, ready to answer: its network on a device, its body, its up-sampling."""

from dataclasses import dataclass
from pathlib import Path

import torch

from model.bodies import Body, load_body
from model.bodies.refit import load_fit
from model.config import ModelCard
from model.errors import InputError, UsageError
from model.inference import DTypeName, Predictor, load_predictor
from model.initialise import initialise
from model.network import RemoCap
from model.registry import (
    ModelFolder,
    check_weights,
    find_model,
    load_upsampling,
    weights_id,
)
from model.upsample import Upsampling
from model.weights import load_weights


@dataclass(frozen=True, eq=False)
class Model:
    """What it takes to reconstruct people.

    Attributes:
        card: What the model says of itself.
        weights_sha256: Of the weights; of the card where they are drawn from a seed.
        body: Topology of its vertices.
        upsampling: From its coarse vertices to fine ones.
        predictor: Its network, on its device.
    """

    card: ModelCard
    weights_sha256: str
    body: Body
    upsampling: Upsampling
    predictor: Predictor


def load_model(
    name: str,
    models_dir: Path | None = None,
    *,
    device: str = "auto",
    dtype: DTypeName = "float32",
    compile: bool = False,  # noqa: A002  the name torch gives it
) -> Model:
    """Load a model.

    Args:
        name: A built-in model, or a folder in `models_dir`.
        models_dir: Of the user's own models and bodies.
        device: As torch names it; `auto` is the first GPU, or else the CPU.
        dtype: Of the network's arithmetic.
        compile: Let torch.compile specialise the network.

    Raises:
        UsageError: `unknown_model`, `unknown_body`, or `no_such_device`.
        InputError: `bad_model`, `bad_body`, `bad_weights` or `bad_checkpoint`.
    """
    place = choose_device(device)  # before what takes long
    folder = find_model(name, models_dir)
    body = load_body(folder.card.body, models_dir)
    network = load_network(folder, body)
    predictor = load_predictor(network, device=place, dtype=dtype, compile=compile)
    if folder.card.refit:
        predictor.refit = load_fit()
    return Model(
        card=folder.card,
        weights_sha256=weights_id(folder.card),
        body=body,
        upsampling=load_upsampling(folder, body),
        predictor=predictor,
    )


def load_network(folder: ModelFolder, body: Body) -> RemoCap:
    """Return a model's network with its weights, or those that follow from its seed.

    Raises:
        InputError: `bad_weights` or `bad_checkpoint`; `bad_model` where a seed is given for a
            body that has no rest pose to start from.
    """
    card = folder.card
    if card.seed is None:
        check_weights(folder)
        network = RemoCap(card.network, body.coarse_adjacency)
        load_weights(network, folder.weights_path)
    elif body.rest_coarse_m is None:
        raise InputError(
            "bad_model",
            f"{folder.path}: a seed, but body '{body.name}' has no rest pose to start from; "
            "give the model weights",
        )
    else:
        network = initialise(card.network, body, card.seed)
    return network.eval()


def choose_device(name: str) -> str:
    """Return the device that `auto` stands for; refuse one that is not there.

    Raises:
        UsageError: `no_such_device`.
    """
    gpus = torch.cuda.device_count()
    if name == "auto":
        return "cuda" if gpus else "cpu"
    try:
        device = torch.device(name)
        absent = device.type == "cuda" and (device.index or 0) >= gpus
    except RuntimeError:
        absent = True
    if absent:
        raise UsageError(
            "no_such_device",
            f"device is '{name}', and torch sees {gpus} GPUs; expected auto, cpu or cuda:N with N "
            "below that; cpu is always there",
        )
    return name
