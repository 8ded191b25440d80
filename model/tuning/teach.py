"""Teaches the landmark network for a while.

Shards may go on being made meanwhile: each time one of those that are there is drawn.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import nn

from model.errors import InputError
from model.landmarks import BODY
from model.track import SURE_PRESENCE
from model.training.metrics import pa_mpjpe_mm
from model.tuning.batches import BATCH, batches
from model.tuning.layers import TaughtLayers, as_crops
from model.tuning.objective import loss
from model.tuning.relative_adam import RelativeAdam
from model.tuning.shards import Shard, read_shard
from model.types import Array

_RATE, _LAST_SHARE = 4e-4, 0.02  # highest, and what is left of it at the end
_WARM_UP = 100  # steps
_REPORT = 0.05  # of the time
_CLIP_NORM = 1.0
_MEMORY = 0.998  # of the mean of weights, from one step to the next
SURE = 0.95  # presence from which on BlazePose counts as sure
_LOST = 0.02  # of those whom BlazePose was sure to see
_JUDGED_FROM = 0.9  # presence, as BlazePose says it, from which on a crop counts in `judge`


class Error(NamedTuple):
    """Of shoulders, elbows, hips, knees, ankles of who has a presence over 0.9; means."""

    place_px: float
    pa_mpjpe_mm: float


def teach(
    layers: TaughtLayers,
    folder: Path,
    *,
    minutes: float,
    seed: int = 0,
    report: Callable[[int, float, TaughtLayers], None] = lambda _step, _share, _mean: None,
) -> TaughtLayers:
    """Teach layers from the shards in `folder`, and return the mean of what they were of late.

    Args:
        layers: Changed.
        folder: Of shards.
        minutes: For how long, more than 0; the rate falls with time.
        seed: Of the order.
        report: Told the step, the share of time that has passed, and the mean, some 20 times.

    Raises:
        InputError: `no_shards`, or as `read_shard`.
    """
    if minutes <= 0:
        raise ValueError(f"minutes are {minutes}; expected more than 0")
    mean, optimiser = copy.deepcopy(layers), RelativeAdam(layers.parameters())
    started_s, step, rng = time.monotonic(), 0, np.random.default_rng(seed)
    told = -_REPORT
    while (share := (time.monotonic() - started_s) / (60 * minutes)) < 1:
        if share >= told + _REPORT:
            report(step, share, mean)
            told = share
        for batch in batches(_draw(folder, rng), rng):
            loss(layers(batch.crops, len(batch.said_mask)), batch).backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(layers.parameters(), _CLIP_NORM)
            optimiser.step(_rate(step, share))
            _follow(mean, layers, min(_MEMORY, (step + 1) / (step + 10)))
            step += 1
    report(step, 1.0, mean)
    return mean


@torch.no_grad()
def judge(layers: TaughtLayers, shards: list[Shard]) -> Error:
    """Measure layers on shards."""
    place_px, pa_mm = [], []
    for shard in shards:
        for rows in _pieces((shard.said_presence > _JUDGED_FROM) & shard.somebody):
            answer = layers(as_crops(shard.images[rows]))
            apart = answer.points[:, BODY, :2].numpy() - shard.points_px[rows][:, BODY, :2]
            place_px.append(np.linalg.norm(apart, axis=2).mean(axis=1))
            world_m = answer.world_m[:, BODY].numpy()
            pa_mm.append(pa_mpjpe_mm(world_m, shard.world_m[rows][:, BODY]))
    return Error(*(float(np.concatenate(errors).mean()) for errors in (place_px, pa_mm)))


@torch.no_grad()
def stay_sure(layers: TaughtLayers, shards: list[Shard]) -> float:
    """Raise what layers say of presence until the tracker loses few of whom BlazePose was sure.

    Returns:
        By how much its logit was raised.
    """
    logits = []
    for shard in shards:
        pieces = _pieces((shard.said_presence > SURE) & shard.somebody)
        logits += [layers(as_crops(shard.images[rows])).presence.logit() for rows in pieces]
    missing = math.log(SURE_PRESENCE / (1 - SURE_PRESENCE)) - float(
        torch.cat(logits).quantile(_LOST)
    )
    layers.raise_presence(max(missing, 0.0))
    return max(missing, 0.0)


def _pieces(wanted: Bool[Array, "256"]) -> Iterator[Int[Array, "n"]]:
    """Return the rows that are wanted, as many at once as a batch has."""
    rows = np.flatnonzero(wanted)
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _draw(folder: Path, rng: np.random.Generator) -> Shard:
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise InputError("no_shards", f"{folder} holds no shard; make some first")
    return read_shard(files[int(rng.integers(len(files)))])


def _rate(step: int, share: float) -> float:
    """Rise in a hundred steps, and fall by half a cosine."""
    falling = _LAST_SHARE + (1 - _LAST_SHARE) * (1 + math.cos(math.pi * min(share, 1))) / 2
    return _RATE * min(1, (step + 1) / _WARM_UP) * falling


@torch.no_grad()
def _follow(mean: TaughtLayers, layers: TaughtLayers, memory: float) -> None:
    """Move the mean of weights toward the latest."""
    for average, latest in zip(mean.parameters(), layers.parameters(), strict=True):
        average.lerp_(latest, 1 - memory)
