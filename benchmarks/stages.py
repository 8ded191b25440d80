"""Where the time of the whole path goes, from a video to its results: per stage, CPU seconds.

    python -m benchmarks.stages CLIP... [--model NAME] [--ending .npz .mp4]

For each clip: people, coverage, CPU seconds of each stage and per frame, those of the decoder's
process, and frames per second by the clock on the wall, start and loading left out. CPU seconds
count all threads and hardly change on a busy machine; a stage that runs on two cores takes up to
twice as many of them as by the clock. Models are looked for where `remocap` looks.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import model
from model.stages import Stages
from service.settings import load_settings


def measure(clip: Path, chosen: "model.Model", endings: list[str]) -> None:
    """Reconstruct one clip and print where the time went."""
    before, start_s = children_s(), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages = Stages(clock=time.process_time)
        result = model.reconstruct(clip, chosen, folder, stages=stages)
        for ending in endings:
            model.write(result, folder / f"out{ending}", source=clip, stages=stages)
    wall_s = time.perf_counter() - start_s
    frames = result.meta.frame_count
    print(f"{clip.name}: {len(result.sequences)} people, {result.meta.coverage:.1%} of {frames}")
    seconds = {"decoder": children_s() - before, **stages.seconds}
    cpu_s = sum(seconds.values())
    for stage, cpu_s in seconds.items():
        print(f"  {stage:8} {cpu_s:7.2f} CPU s {1000 * cpu_s / frames:7.1f} ms a frame")
    print(
        f"  together {sum(seconds.values()):7.2f} CPU s in {wall_s:.1f} s, {frames / wall_s:.1f}/s"
    )


def children_s() -> float:
    """CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", default="remocap-anny")
    parser.add_argument("--ending", nargs="+", default=[".npz"])
    options = parser.parse_args()
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the command line has it
    chosen = model.load_model(options.model, load_settings().models_dir)
    for clip in options.clips:
        measure(clip, chosen, options.ending)


if __name__ == "__main__":
    main()
