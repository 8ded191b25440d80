"""Snapshots of a training run: whole or absent, the last few kept."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from model.atomic import replacing
from model.errors import InputError

_PATTERN = "step-*.pt"


def save_snapshot(folder: Path, step: int, state: Mapping[str, Any], keep: int) -> Path:
    """Write a snapshot, then remove all but the newest `keep`.

    Args:
        folder: Of the run; made where there is none.
        step: Steps done.
        state: Tensors, numbers and strings in dicts and lists.
        keep: At least 1.

    Raises:
        OutputError: The disk is full, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{step:09d}.pt"
    with replacing(path) as temporary:
        torch.save(dict(state), temporary)
    for old in sorted(folder.glob(_PATTERN))[:-keep]:
        old.unlink()
    return path


def latest_snapshot(folder: Path) -> Path | None:
    """The newest snapshot of a run, if there is any."""
    return max(folder.glob(_PATTERN), default=None)


def load_snapshot(path: Path) -> dict[str, Any]:
    """Read a snapshot onto the CPU.

    Raises:
        InputError: `bad_snapshot`: it is damaged, or no snapshot.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the damage causes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(
            "bad_snapshot",
            f"{path} cannot be read ({reason}); delete it to resume from the one before",
        ) from error
    if not isinstance(state, dict):
        raise InputError("bad_snapshot", f"{path} holds a {type(state).__name__}; expected a dict")
    return state
