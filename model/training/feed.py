"""Batches in an order that is a function of seed and step, so that a run can be resumed anywhere.

Every epoch is a new permutation; what does not fill a batch at its end comes in another epoch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from model.training.batch import ClipBatch, ClipSource, Sample, join_samples

Key = tuple[int, int]  # epoch, sample


@dataclass(frozen=True)
class Share:
    """Which part of every batch a process takes."""

    rank: int = 0
    world: int = 1


def steps_per_epoch(samples: int, batch: int, world: int) -> int:
    """Whole batches of all processes together in an epoch; at least one."""
    return max(1, samples // (batch * world))


class StepKeys(Sampler[list[Key]]):
    """The samples of each step from `start` to `stop`, for one process.

    Args:
        samples: In an epoch.
        batch: Samples of a process in a step.
        seed: Of the permutations.
        start: First step.
        stop: The step after the last.
        share: The process.
    """

    def __init__(
        self, samples: int, batch: int, seed: int, start: int, stop: int, share: Share
    ) -> None:
        self._samples, self._batch, self._seed = samples, batch, seed
        self._start, self._stop, self._share = start, stop, share

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[list[Key]]:
        per_epoch = steps_per_epoch(self._samples, self._batch, self._share.world)
        for step in range(self._start, self._stop):
            epoch, offset = divmod(step, per_epoch)
            order = np.random.default_rng([self._seed, epoch]).permutation(self._samples)
            first = (offset * self._share.world + self._share.rank) * self._batch
            places = np.arange(first, first + self._batch) % self._samples
            yield [(epoch, int(index)) for index in order[places]]


class _SeededSamples(Dataset[Sample]):
    """Samples by key; each draws from a generator of its own."""

    def __init__(self, source: ClipSource, seed: int) -> None:
        self._source, self._seed = source, seed

    def __getitem__(self, key: Key) -> Sample:
        epoch, index = key
        return self._source.sample(index, np.random.default_rng([self._seed, epoch, index]))


def feed_batches(
    source: ClipSource, keys: StepKeys, *, seed: int, workers: int, pin: bool
) -> Iterator[ClipBatch]:
    """Yield a batch for each step.

    Args:
        source: Makes the samples.
        keys: Which ones.
        seed: Of the augmentation.
        workers: Processes that make samples; 0 makes them here.
        pin: Lay batches where a GPU can fetch them by itself.
    """
    yield from DataLoader(
        _SeededSamples(source, seed),
        batch_sampler=keys,
        num_workers=workers,
        collate_fn=join_samples,
        pin_memory=pin,
        worker_init_fn=_use_one_thread,
    )


def _use_one_thread(_: int) -> None:
    """The processes are parallel already."""
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
