"""The weights of model folders: safetensors, which hold numbers and nothing that runs."""

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from model.atomic import replacing
from model.errors import InputError
from model.network import RemoCap


def save_weights(network: RemoCap, path: Path) -> str:
    """Write a network's parameters and batch-norm statistics; return the file's SHA-256.

    Raises:
        OutputError: The file cannot be written; then there is none under its name.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    with replacing(path) as temporary:
        save_file(state, temporary)
        with temporary.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def load_weights(network: RemoCap, path: Path, *, may_miss: tuple[str, ...] = ()) -> None:
    """Fill a network with the weights of a file. Its hash is the registry's to check.

    Args:
        network: To fill.
        path: Of the file.
        may_miss: Beginnings of the names that the file need not hold; these stay as they are.

    Raises:
        InputError: `bad_weights`: it cannot be read or does not fit the network.
    """
    try:
        state = load_file(path)
        kept = {k: v for k, v in network.state_dict().items() if k.startswith(may_miss)}
        network.load_state_dict((kept if may_miss else {}) | state)
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(
            "bad_weights", f"{path} does not fit its model.json ({reason}); import the model again"
        ) from error
