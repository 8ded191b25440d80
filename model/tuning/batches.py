"""Shards cut into batches, each crop perhaps in a mirror, in other colours each time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from model.landmarks import OTHER_SIDE, POINTS, SIDE
from model.tuning.layers import as_crops
from model.tuning.shards import CROPS, MASK_EVERY, Shard
from model.types import Array

BATCH = 32
_GAIN, _SHIFT = 0.12, 0.05  # deviations, of each channel


class Batch(NamedTuple):
    """As `Shard`; the masks are those of the first crops."""

    crops: Float[Tensor, "n 3 256 256"]
    somebody: Bool[Tensor, "n"]
    points_px: Float[Tensor, "n 35 3"]
    world_m: Float[Tensor, "n 33 3"]
    said_points: Float[Tensor, "n 39 5"]
    said_presence: Float[Tensor, "n"]
    said_mask: Float[Tensor, "m 256 256"]


def batches(shard: Shard, rng: np.random.Generator) -> Iterator[Batch]:
    """Share out a shard; in each batch those with a mask come first."""
    masked = rng.permutation(CROPS // MASK_EVERY)
    others = rng.permutation(np.flatnonzero(np.arange(CROPS) % MASK_EVERY))
    parts = CROPS // BATCH
    for some, rest in zip(np.split(masked, parts), np.split(others, parts), strict=True):
        rows = np.concatenate([some * MASK_EVERY, rest])
        taken = {name: getattr(shard, name)[rows] for name in Shard._fields[:-1]}
        seen = mirror(Shard(**taken, said_mask=shard.said_mask[some]), rng.random(BATCH) < 0.5)
        asked = {name: torch.from_numpy(getattr(seen, name)) for name in Batch._fields[1:-1]}
        mask = torch.from_numpy(seen.said_mask.astype(np.float32))
        yield Batch(_recolour(as_crops(seen.images), rng), **asked, said_mask=mask)


def mirror(shard: Shard, mirrored: Bool[Array, "n"]) -> Shard:
    """See some of the crops in a mirror, where a left hand is a right one."""
    images, points_px = shard.images.copy(), shard.points_px.copy()
    world_m, said_points, said_mask = (
        values.copy() for values in (shard.world_m, shard.said_points, shard.said_mask)
    )
    images[mirrored] = images[mirrored, :, ::-1]
    with_mask = mirrored[: len(said_mask)]
    said_mask[with_mask] = said_mask[with_mask, :, ::-1]
    for points in (points_px, said_points):
        points[mirrored, :, 0] = SIDE - points[mirrored, :, 0]
    world_m[mirrored, :, 0] *= -1
    for points in (points_px, world_m, said_points):
        points[mirrored, :POINTS] = points[mirrored][:, OTHER_SIDE]
    return shard._replace(
        images=images,
        points_px=points_px,
        world_m=world_m,
        said_points=said_points,
        said_mask=said_mask,
    )


def _recolour(
    crops: Float[Tensor, "n 3 256 256"], rng: np.random.Generator
) -> Float[Tensor, "n 3 256 256"]:
    shape = (len(crops), 3, 1, 1)
    gain = np.exp(rng.normal(0, _GAIN, shape)).astype(np.float32)
    shift = rng.normal(0, _SHIFT, shape).astype(np.float32)
    return crops.mul_(torch.from_numpy(gain)).add_(torch.from_numpy(shift)).clamp_(0, 1)
