"""What is taught from, in files of 256 crops: features, what is true, and what BlazePose says."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float16, Float32

from model.atomic import replacing
from model.bodies.npz import read_npz
from model.errors import InputError
from model.synth.dataset import SynthClips
from model.tuning.labelled import LabelledCrop, draw_crops
from model.tuning.layers import EarlyLayers
from model.types import Array

CROPS = 256  # of a shard
MASK_EVERY = 8  # crops; masks and what they need are twenty times the rest


class Shard(NamedTuple):
    """Crops as `EarlyLayers` saw them, and where their landmarks are; see `LabelledCrop`.

    Attributes:
        features: Of every crop.
        points_px: What is true.
        world_m: Likewise.
        said_points: What BlazePose answers.
        said_presence: Likewise.
        said_mask: Of every eighth crop, likewise the next three.
        skip_128: What the mask's layers read besides.
        skip_64: Likewise.
        skip_32: Likewise.
    """

    features: Float16[Array, "256 64 16 16"]
    points_px: Float32[Array, "256 35 3"]
    world_m: Float32[Array, "256 33 3"]
    said_points: Float32[Array, "256 39 5"]
    said_presence: Float32[Array, "256"]
    said_mask: Float16[Array, "32 256 256"]
    skip_128: Float16[Array, "32 8 128 128"]
    skip_64: Float16[Array, "32 48 64 64"]
    skip_32: Float16[Array, "32 48 32 32"]


def make_shard(clips: SynthClips, early: EarlyLayers, rng: np.random.Generator) -> Shard:
    """Picture people, and look at them; 9 s on one core."""
    crops: list[LabelledCrop] = []
    while len(crops) < CROPS:
        crops += draw_crops(clips, int(rng.integers(len(clips))), rng)
    seen = [early(crop.image) for crop in crops]
    some = seen[::MASK_EVERY]
    return Shard(
        np.stack([s.features for s in seen]),
        np.stack([crop.points_px for crop in crops]),
        np.stack([crop.world_m for crop in crops]),
        np.stack([s.points for s in seen]),
        np.array([s.presence for s in seen], np.float32),
        np.stack([s.mask for s in some]),
        *(np.stack(maps) for maps in zip(*(s.skips for s in some), strict=True)),
    )


def write_shard(shard: Shard, path: Path) -> None:
    """Write one shard; 37 MB.

    Raises:
        OutputError: It cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **shard._asdict())


def read_shard(path: Path) -> Shard:
    """Read one shard.

    Raises:
        InputError: `bad_shard`.
    """
    try:
        shard = Shard(**read_npz(path, Shard._fields))
        if len(shard.features) != CROPS:
            raise ValueError(f"{len(shard.features)} crops, expected {CROPS}")
        return shard
    except (OSError, ValueError, TypeError) as error:
        raise InputError("bad_shard", f"{path}: {error}; delete the file") from error
