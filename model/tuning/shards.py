"""What is taught from, in files of 256 crops: pictures, what is true, and what BlazePose says."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float16, Float32, UInt8

from model.atomic import replacing
from model.blazepose.torch_landmarks import FILE
from model.bodies.npz import read_npz
from model.errors import InputError
from model.landmarks import SIDE
from model.litert import LiteRT
from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from model.tuning.labelled import LabelledCrop, draw_crops, draw_empty
from model.types import Array

CROPS = 256  # of a shard
MASK_EVERY = 8  # crops
EMPTY_EVERY = 16  # crops


class Shard(NamedTuple):
    """Crops, where their landmarks are, and what the network says that was published.

    Attributes:
        images: RGB.
        somebody: Whether a person is there; else what is true has no meaning.
        points_px: What is true; see `LabelledCrop`.
        world_m: Likewise.
        said_points: As `Answer`, likewise the next two.
        said_presence: Of every crop.
        said_mask: Logits, of every eighth crop.
    """

    images: UInt8[Array, "256 256 256 3"]
    somebody: Bool[Array, "256"]
    points_px: Float32[Array, "256 35 3"]
    world_m: Float32[Array, "256 33 3"]
    said_points: Float32[Array, "256 39 5"]
    said_presence: Float32[Array, "256"]
    said_mask: Float16[Array, "32 256 256"]


class Published:
    """The network that was published, on single crops."""

    def __init__(self) -> None:
        self._network = LiteRT(FILE)

    def __call__(
        self, image: UInt8[Array, "256 256 3"]
    ) -> tuple[Float32[Array, "39 5"], float, Float16[Array, "256 256"]]:
        """Return points, presence and the mask's logits."""
        self._network.run(image / np.float32(255))
        points, mask = self._network.output(195), self._network.output(SIDE, SIDE, 1)[..., 0]
        presence = float(self._network.output(1)[0])
        return points.reshape(39, 5), presence, mask.clip(-20, 20).astype(np.float16)


def make_shard(
    clips: SynthClips, backdrops: Backdrops, published: Published, rng: np.random.Generator
) -> Shard:
    """Picture people, and backdrops without any, and look at them; 9 s on one core."""
    crops: list[LabelledCrop] = []
    while len(crops) < CROPS:
        crops += draw_crops(clips, int(rng.integers(len(clips))), rng)
    somebody = np.arange(CROPS) % EMPTY_EVERY != EMPTY_EVERY - 1
    for row in np.flatnonzero(~somebody):
        crops[row] = draw_empty(backdrops, rng)
    said = [published(crop.image) for crop in crops]
    return Shard(
        np.stack([crop.image for crop in crops]),
        somebody,
        np.stack([crop.points_px for crop in crops]),
        np.stack([crop.world_m for crop in crops]),
        np.stack([points for points, _, _ in said]),
        np.array([presence for _, presence, _ in said], np.float32),
        np.stack([mask for _, _, mask in said[::MASK_EVERY]]),
    )


def write_shard(shard: Shard, path: Path) -> None:
    """Write one shard; 55 MB.

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
        if len(shard.images) != CROPS:
            raise ValueError(f"{len(shard.images)} crops, expected {CROPS}")
        return shard
    except (OSError, ValueError, TypeError) as error:
        raise InputError("bad_shard", f"{path}: {error}; delete the file") from error
