"""`python -m model.tuning FOLDER BAKED... --held-out SET`: pictures people, and teaches from that.

Half of the cores make shards in FOLDER while the network is taught from those that are there. At
the end FOLDER has `pose_landmark_taught.tflite`, and meanwhile `so_far.tflite`, whose presence is
not raised. Shards that lie there are used again, so other material wants another folder. Sets are
what `remocap synth` bakes.
"""

import argparse
import multiprocessing
import sys
import time
from contextlib import ExitStack
from multiprocessing.context import SpawnProcess
from pathlib import Path

import numpy as np
import torch

from model.atomic import replacing
from model.blazepose.tflite_file import replace_constants
from model.blazepose.torch_landmarks import FILE
from model.cores import usable_cores
from model.landmarks import TAUGHT
from model.litert import FOLDER
from model.synth.backdrop import Backdrops
from model.synth.dataset import BakedSet, SynthClips
from model.tuning.layers import TaughtLayers, keep_memory
from model.tuning.picture import picture
from model.tuning.shards import Published, Shard, make_shard
from model.tuning.teach import judge, stay_sure, teach

_JUDGED = 3  # shards


def main() -> None:
    """Picture people, and teach the landmark network from that."""
    options = _parse()
    shards, makers = options.folder / "shards", max(1, usable_cores() // 2)
    shards.mkdir(parents=True, exist_ok=True)
    keep_memory()
    layers = TaughtLayers(options.start)
    judged = _judged(options.held_out, options.backgrounds)
    process = multiprocessing.get_context("spawn").Process
    running: list[SpawnProcess] = []

    def report(step: int, share: float, mean: TaughtLayers) -> None:
        """Say how far it is, keep it, and take over the cores of makers that are done."""
        _share_cores(running)
        error = judge(mean, judged)
        print(
            f"{share:4.0%} step {step}: {error.place_px:.2f} px, "
            f"PA-MPJPE {error.pa_mpjpe_mm:.1f} mm",
            flush=True,
        )
        _write(mean, options.folder / "so_far.tflite")

    with ExitStack() as stack:
        for first in range(makers):
            numbers = range(first, options.shards, makers)
            task = (shards, options.sets, options.backgrounds, numbers)
            running.append(process(target=picture, args=task, daemon=True))
            running[-1].start()
            stack.callback(running[-1].join)
            stack.callback(running[-1].terminate)
        while len(list(shards.glob("*.npz"))) < options.ahead:
            if any(maker.exitcode for maker in running):
                sys.exit("people cannot be pictured; the reason is above")
            time.sleep(1)
        mean = teach(layers, shards, minutes=options.minutes, report=report)
    print(f"presence raised by {stay_sure(mean, judged):.2f}", flush=True)
    _write(mean, options.folder / TAUGHT)


def _share_cores(makers: list[SpawnProcess]) -> None:
    torch.set_num_threads(max(1, usable_cores() - sum(maker.is_alive() for maker in makers)))


def _write(layers: TaughtLayers, path: Path) -> None:
    with replacing(path) as temporary:
        temporary.write_bytes(replace_constants((FOLDER / FILE).read_bytes(), layers.constants()))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("sets", type=Path, nargs="+")
    parser.add_argument("--held-out", type=Path, required=True, help="a set to judge by")
    parser.add_argument("--start", type=Path, default=FOLDER / FILE, help="what is taught further")
    parser.add_argument("--backgrounds", type=Path, help="a folder of photos")
    parser.add_argument("--shards", type=int, default=320, help="made at most; 55 MB each")
    parser.add_argument("--ahead", type=int, default=70, help="of them before teaching begins")
    parser.add_argument("--minutes", type=float, default=60.0, help="to teach for")
    options = parser.parse_args()
    if not options.start.is_file():
        parser.error(f"--start is {options.start}; expected a file, as {TAUGHT}")
    if options.minutes <= 0:
        parser.error(f"--minutes is {options.minutes}; expected more than 0")
    if not 1 <= options.ahead <= options.shards:
        parser.error(f"--ahead is {options.ahead}; expected 1 to {options.shards}, as --shards")
    return options


def _judged(held_out: Path, backgrounds: Path | None) -> list[Shard]:
    backdrops, published = Backdrops(backgrounds, evaluation=True), Published()
    clips = SynthClips(BakedSet(held_out), backdrops)
    rngs = [np.random.default_rng((1, number)) for number in range(_JUDGED)]
    return [make_shard(clips, backdrops, published, rng) for rng in rngs]


if __name__ == "__main__":
    main()
