"""The weights of model folders: safetensors, which hold numbers and nothing that runs.

`python -m model.weights SOURCE TARGET` writes them again in half the space.
"""

import hashlib
import sys
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from model.atomic import replacing
from model.errors import InputError
from model.network import RemoCap
from model.registry import UPSAMPLING_LAYER


def save_weights(network: RemoCap, path: Path) -> str:
    """Write a network's parameters and batch-norm statistics; return the file's SHA-256.

    Raises:
        OutputError: The file cannot be written; then there is none under its name.
    """
    state = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    return _write(state, path)


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


def halve_weights(source: Path, target: Path) -> str:
    """Write weights in half precision, but those that up-sample, whose rounding would be seen.

    Returns:
        SHA-256 of the file.

    Raises:
        InputError: `bad_weights`: the source cannot be read, or holds numbers too large for it.
        OutputError: The target cannot be written.
    """
    try:
        state = load_file(source)
    except (OSError, SafetensorError) as error:
        raise InputError("bad_weights", f"{source} cannot be read ({error})") from error
    for name, value in state.items():
        if value.is_floating_point() and not name.startswith(UPSAMPLING_LAYER):
            state[name] = value.half()
            if not state[name].isfinite().all():
                reason = "expected numbers up to 65504; keep the file as it is"
                raise InputError("bad_weights", f"{source}: '{name}' is too large; {reason}")
    return _write(state, target)


def _write(state: dict[str, Tensor], path: Path) -> str:
    with replacing(path) as temporary:
        save_file(state, temporary)
        with temporary.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python -m model.weights SOURCE TARGET")
    sys.stdout.write(halve_weights(Path(sys.argv[1]), Path(sys.argv[2])) + "\n")
