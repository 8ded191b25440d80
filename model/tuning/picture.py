"""Makes shards in a process of its own, while the network is taught from those that are there."""

import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import torch

from model.synth.backdrop import Backdrops
from model.synth.dataset import BakedSet, SynthClips
from model.tuning.shards import Published, make_shard, write_shard


def picture(folder: Path, sets: list[Path], backgrounds: Path | None, numbers: range) -> None:
    """Make the shards of these numbers, which are their seeds, while whoever asked is there."""
    asked = multiprocessing.parent_process()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    published, backdrops = Published(), Backdrops(backgrounds)
    clips = [SynthClips(BakedSet(path), backdrops) for path in sets]
    for number in numbers:
        if asked is not None and not asked.is_alive():
            break
        file = folder / f"{number:05}.npz"
        if not file.is_file():
            source = clips[number % len(clips)]
            rng = np.random.default_rng((0, number))
            write_shard(make_shard(source, backdrops, published, rng), file)
