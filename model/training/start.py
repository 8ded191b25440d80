"""The network a run starts from."""

from pathlib import Path

import torch

from model.bodies import Body
from model.checkpoint import load_official
from model.config import NetworkConfig
from model.errors import InputError
from model.initialise import initialise
from model.network import RemoCap
from model.weights import load_weights

DISENTANGLERS = ("backbone.ema_1.", "backbone.ema_S.")


def build_network(config: NetworkConfig, body: Body, seed: int, start: Path | None) -> RemoCap:
    """Build a network, and give it weights to start from.

    Without any it answers with the rest pose at first, if the body has one.

    Args:
        config: What to build.
        body: Whose vertices it is to answer with.
        seed: Of the weights that are drawn.
        start: `weights.safetensors` of this network, or a published checkpoint. SD and MD may be
            absent from either: so training goes on from FastMETRO, or from single frames.

    Raises:
        InputError: `bad_weights` or `bad_checkpoint`: the weights do not fit.
    """
    if start is None and body.rest_coarse_m is not None:
        return initialise(config, body, seed)
    torch.manual_seed(seed)
    network = RemoCap(config, body.coarse_adjacency)
    if start is not None and start.suffix == ".safetensors":
        network = initialise(config, body, seed) if body.rest_coarse_m is not None else network
        load_weights(network, start, may_miss=DISENTANGLERS)
    elif start is not None:
        _fill_from_published(network, start, body)
    return network


def _fill_from_published(network: RemoCap, start: Path, body: Body) -> None:
    published, _ = load_official(start, body.coarse_adjacency)
    state, wanted = published.state_dict(), network.state_dict()
    differing = [
        key
        for key in state.keys() | wanted.keys()
        if not key.startswith(DISENTANGLERS)
        and (key not in state or key not in wanted or state[key].shape != wanted[key].shape)
    ]
    if differing:
        raise InputError(
            "bad_checkpoint",
            f"{start} is of another network, for instance at {min(differing)!r}; "
            "expected the sizes that 'network' states",
        )
    network.load_state_dict({key: state.get(key, wanted[key]) for key in wanted})
