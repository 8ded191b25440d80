"""Which models there are: folders `<models>/<name>/` with `model.json` and `weights.safetensors`.

The built-in ones lie in `model/builtin`; a user's model of the same name goes before it. This
module needs no torch, so every role can list models and name what a job asks for.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open

from model.bodies import Body
from model.config import NAME, ModelCard
from model.errors import InputError, UsageError
from model.types import COARSE, INTERMEDIATE, Array
from model.upsample import Upsampling

BUILTIN_MODELS = Path(__file__).parent / "builtin"
UPSAMPLING_LAYER = "coarse2intermediate_upsample"  # the published name

_CARD, _WEIGHTS = "model.json", "weights.safetensors"
_MAX_CARD_BYTES = 2**20


@dataclass(frozen=True)
class ModelFolder:
    """A model on the disk.

    Attributes:
        path: Its folder.
        card: What it says of itself.
    """

    path: Path
    card: ModelCard

    @property
    def weights_path(self) -> Path:
        """Where its weights lie, unless they are drawn from a seed."""
        return self.path / _WEIGHTS


def find_model(name: str, models_dir: Path | None = None) -> ModelFolder:
    """Return a model by name; one in `models_dir` goes before a built-in one.

    Raises:
        UsageError: `unknown_model`, listing what there is.
        InputError: `bad_model`, as `load_card`.
    """
    if name not in model_names(models_dir):
        raise UsageError(
            "unknown_model",
            f"there is no model '{name}'; expected one of {', '.join(model_names(models_dir))}; "
            "`remocap import checkpoint` adds one",
        )
    folders = [parent / name for parent in _parents(models_dir)]
    path = next(folder for folder in folders if (folder / _CARD).is_file())
    return ModelFolder(path, load_card(path))


def list_models(models_dir: Path | None = None) -> list[ModelFolder]:
    """Return all models by name.

    Raises:
        InputError: `bad_model`, for the first folder whose card cannot be used.
    """
    return [find_model(name, models_dir) for name in model_names(models_dir)]


def model_names(models_dir: Path | None = None) -> list[str]:
    """Return the names of all model folders, sorted, whether or not their cards can be used."""
    cards = (card for parent in _parents(models_dir) for card in parent.glob(f"*/{_CARD}"))
    names = {card.parent.name for card in cards if card.is_file()}
    return sorted(name for name in names if re.fullmatch(NAME, name))


def _parents(models_dir: Path | None) -> list[Path]:
    return [BUILTIN_MODELS] if models_dir is None else [models_dir, BUILTIN_MODELS]


def load_card(folder: Path) -> ModelCard:
    """Read and check the `model.json` of a model folder.

    Raises:
        InputError: `bad_model`, naming the file and the field.
    """
    path = folder / _CARD
    try:
        found = path.stat()
        card = _read_card(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise _bad_model(path, f"cannot be read ({error.strerror})") from error
    except ValidationError as error:
        raise _bad_model(path, _first_complaint(error)) from error
    if card.name != folder.name:
        raise _bad_model(path, f"name is '{card.name}', expected the folder's, '{folder.name}'")
    if (card.seed is None) == (card.weights_sha256 is None):
        raise _bad_model(path, "expected either a seed or a weights_sha256")
    if card.trained and card.seed is not None:
        raise _bad_model(path, "trained is true, expected false for weights drawn from a seed")
    return card


@lru_cache(maxsize=64)
def _read_card(path: Path, _mtime_ns: int, _size_bytes: int) -> ModelCard:
    """Read a card; one that has not changed is not read again."""
    with path.open("rb") as file:
        text = file.read(_MAX_CARD_BYTES)
    return ModelCard.model_validate_json(text, strict=True)


def _first_complaint(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{field}: {first['msg']}"


def _bad_model(path: Path, reason: str) -> InputError:
    return InputError("bad_model", f"{path}: {reason}; mend the file or remove its folder")


def weights_id(card: ModelCard) -> str:
    """Return the SHA-256 of the weights, or of the canonical card where they follow from it."""
    if card.weights_sha256 is not None:
        return card.weights_sha256
    canonical = json.dumps(card.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def check_weights(folder: ModelFolder) -> None:
    """Compare the weights file with the card; nothing to do where there is none.

    Raises:
        InputError: `bad_weights`: it is absent, or its SHA-256 is not the card's.
    """
    if folder.card.weights_sha256 is None:
        return
    try:
        with folder.weights_path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _bad_weights(folder, f"cannot be read ({error.strerror})") from error
    if found != folder.card.weights_sha256:
        raise _bad_weights(
            folder, f"has the SHA-256 {found}, expected {folder.card.weights_sha256}"
        )


def load_upsampling(folder: ModelFolder, body: Body) -> Upsampling:
    """Return how a model's coarse vertices become fine ones, without reading all its weights.

    Raises:
        InputError: As `load_learned_layer`.
    """
    return Upsampling.from_layers(*load_learned_layer(folder, body), body)


def load_learned_layer(folder: ModelFolder, body: Body) -> tuple[Array, Array]:
    """Return a model's affine map of coarse to intermediate vertices.

    Returns:
        Weight f32[1723,431], and bias f32[1723] in metres.

    Raises:
        InputError: `bad_weights`: the learned layer is absent or misshapen; `bad_body`: the
            model has no weights yet, and its body no start for that layer.
    """
    if folder.card.weights_sha256 is not None:
        return _read_layer(folder)
    if body.coarse_to_intermediate is None:
        raise InputError(
            "bad_body",
            f"body '{body.name}' has no coarse_to_intermediate, which '{folder.card.name}' "
            "starts from; use a model with weights",
        )
    return body.coarse_to_intermediate, np.zeros(INTERMEDIATE, np.float32)


def _read_layer(folder: ModelFolder) -> tuple[Array, Array]:
    expected = {"weight": (INTERMEDIATE, COARSE), "bias": (INTERMEDIATE,)}
    try:
        with safe_open(folder.weights_path, framework="numpy") as weights:
            arrays = {name: weights.get_tensor(f"{UPSAMPLING_LAYER}.{name}") for name in expected}
    except (OSError, SafetensorError, TypeError) as error:
        raise _bad_weights(
            folder, f"has no readable layer '{UPSAMPLING_LAYER}' ({error})"
        ) from error
    for name, shape in expected.items():
        if arrays[name].shape != shape:
            raise _bad_weights(
                folder, f"'{UPSAMPLING_LAYER}.{name}' is {arrays[name].shape}, expected {shape}"
            )
    return arrays["weight"].astype(np.float32), arrays["bias"].astype(np.float32)


def _bad_weights(folder: ModelFolder, reason: str) -> InputError:
    return InputError(
        "bad_weights", f"{folder.weights_path}: {reason}; import or download the model again"
    )
