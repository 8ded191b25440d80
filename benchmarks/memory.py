"""Peak memory of a long video against a short one: `python -m benchmarks.memory`.

The sample clip, enlarged to 720p and repeated, goes through `remocap reconstruct -o out.npz` as a
user runs it, detector included, with a network of a few parameters in place of a real one. Memory
is the proportional set size of the command and its children, ten times a second: a page that
several processes share counts once. Caveat: a peak between two looks is missed.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import psutil

SAMPLE = Path(__file__).resolve().parents[1] / "docs" / "sample" / "walk.mp4"
WIDTH, HEIGHT, FPS = 1280, 720, 30
NETWORK = {
    "backbone": {
        "width": 4,
        "modules": [1, 1, 1],
        "blocks": 1,
        "head_widths": [2, 4, 8, 16],
        "features": 32,
    },
    "transformer": {"dims": [32, 16], "hidden": [64, 32], "layers": 1},
}
CARD = {
    "name": "tiny",
    "body": "anny",
    "network": NETWORK,
    "licence": "none",
    "trained": False,
    "seed": 0,
}


def main(seconds: tuple[int, int] = (15, 150)) -> None:
    """Print the peak for each length, and their ratio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "models" / "tiny").mkdir(parents=True)
        (folder / "models" / "tiny" / "model.json").write_text(json.dumps(CARD))
        peaks_mib = [measure(repeat_sample(folder, length_s), folder) for length_s in seconds]
    for length_s, peak_mib in zip(seconds, peaks_mib, strict=True):
        print(f"{length_s:4d} s of {WIDTH}x{HEIGHT}: peak {peak_mib:.0f} MiB")
    print(f"ratio {peaks_mib[1] / peaks_mib[0]:.3f}")


def repeat_sample(folder: Path, length_s: int) -> Path:
    """Write the sample, enlarged and repeated, as a video of this length."""
    path = folder / f"{length_s}.mp4"
    with av.open(str(SAMPLE)) as source:
        pictures = [frame.reformat(WIDTH, HEIGHT).to_ndarray() for frame in source.decode(video=0)]
    with av.open(str(path), "w") as target:
        stream = target.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height = WIDTH, HEIGHT
        for index in range(length_s * FPS):
            frame = av.VideoFrame.from_ndarray(pictures[index % len(pictures)], format="yuv420p")
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
    return path


def measure(video: Path, folder: Path) -> float:
    """Return the peak memory of a reconstruction, children included, in MiB."""
    arguments = ["reconstruct", video, "-o", folder / "out.npz", "--model", "tiny"]
    command = subprocess.Popen(
        [sys.executable, "-m", "service", *map(str, arguments)],
        env={**os.environ, "REMOCAP_MODELS_DIR": str(folder / "models")},
        stderr=subprocess.DEVNULL,
    )
    peak_bytes = 0
    while command.poll() is None:
        peak_bytes = max(peak_bytes, memory_of_tree(psutil.Process(command.pid)))
        time.sleep(0.1)
    if command.returncode:
        sys.exit(f"remocap left with status {command.returncode}")
    return peak_bytes / 2**20


def memory_of_tree(process: psutil.Process) -> int:
    """Return the proportional set sizes of a process and all its children, in bytes."""
    total = 0
    try:
        for one in (process, *process.children(recursive=True)):
            total += one.memory_full_info().pss
    except psutil.NoSuchProcess:
        pass
    return total


if __name__ == "__main__":
    main()
