"""How fast people are made: baking, and shading what was baked.

    python benchmarks/synth.py [--clips 8] [--device cuda]

Caveats: improvised motion and painted clothes (garments add faces: about half as much time again),
one thread; the first clip of each kind, which loads files, is not counted. The ratio is of the two
rates in this run: how many times a baked frame can be shaded in the time that baking it took.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch

from model.synth.backdrop import Backdrops
from model.synth.baking import bake_clip, bake_clips
from model.synth.dataset import BakedSet, SynthClips
from model.synth.motion import improvise_motions
from model.synth.wardrobe import draw_person
from model.types import WINDOW


def frames_per_s(make: Callable[[int], object], clips: int) -> float:
    """Time `make` on the given number of clips, after one that is not counted."""
    make(0)
    start_s = time.perf_counter()
    for index in range(clips):
        make(index)
    return clips * WINDOW / (time.perf_counter() - start_s)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=8)
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    motions, person = improvise_motions(8, 0), draw_person(np.random.default_rng(0))
    baking = frames_per_s(
        lambda i: bake_clip(person, motions, np.random.default_rng(i), options.side), options.clips
    )
    with TemporaryDirectory() as folder:
        bake_clips(Path(folder), clips=options.clips, seed=0, motions=motions, side=options.side)
        clips = SynthClips(BakedSet(Path(folder)), Backdrops(), device=options.device)
        shading = frames_per_s(lambda i: clips.sample(i, np.random.default_rng(i)), options.clips)
    print(f"baking   {baking:8.1f} frames/s at {options.side} px, on the CPU")
    print(f"shading  {shading:8.1f} frames/s to 224 px, on {options.device}")
    print(f"ratio    {shading / baking:8.2f}")


if __name__ == "__main__":
    main()
