"""Decode mutated videos until the time is up: `python -m tests.fuzz_decoder [seconds] [seed]`.

The parent must survive, every outcome must be frames or an error with a known code, and no child
may be left; an exception in our own code of the child does not pass for one. What is not so ends
the run, with the file that did it kept as `FINDING`. Libraries may crash: the files that make them
are kept in `CRASHES` and named.
"""

import collections
import itertools
import random
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from model.errors import InputError
from model.video import Limits, open_video
from tests.model.videos import write_video

KINDS: dict[str, dict[str, Any]] = {
    "clip.mp4": {},
    "fast.mp4": {"muxer": {"movflags": "faststart"}},
    "portrait.mov": {"rotation": 90, "codec": "mpeg4"},
    "ten_bit.mp4": {
        "codec": "libx265",
        "pixel_format": "yuv420p10le",
        "options": {"x265-params": "log-level=none"},
    },
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "av1.mkv": {"codec": "libsvtav1", "size": (64, 64), "options": {"svtav1-params": "lp=1"}},
    "clip.ts": {},
    "clip.avi": {"codec": "mpeg4"},
    "photos.avi": {"codec": "mjpeg", "pixel_format": "yuvj420p"},
    "clip.flv": {"codec": "flv"},
    "clip.asf": {"codec": "wmv2"},
    "clip.gif": {"codec": "gif", "pixel_format": "rgb8"},
}
LIMITS = Limits(max_side_px=1024, memory_bytes=1 << 30, stall_s=5.0)
EXCEPTION = re.compile(r"made the decoder fail \(\w+: ")
FINDING = Path(tempfile.gettempdir()) / "remocap-fuzz-finding"
CRASHES = Path(tempfile.gettempdir()) / "remocap-fuzz-crashes"


def sample(name: str) -> bytes:
    """A sound video of one of the `KINDS`."""
    with tempfile.TemporaryDirectory() as folder:
        return write_video(Path(folder) / name, frames=6, **KINDS[name]).read_bytes()


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Change bytes, copy or drop stretches, or cut; the header more often than the rest."""
    changed = bytearray(data)
    for _ in range(2 ** dice.randrange(7)):
        reach = len(changed) if dice.random() < 0.5 else min(len(changed), 1024)
        at, size = dice.randrange(reach), dice.randrange(1, 65)
        action = dice.random()
        if action < 0.7:
            changed[at] = dice.choice((0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256)))
        elif action < 0.8:
            changed[at:at] = changed[dice.randrange(reach) :][:size]
        elif action < 0.9 and len(changed) > 200:
            del changed[at : at + size]
        else:
            changed[at : at + size] = dice.randbytes(len(changed[at : at + size]))
    return bytes(changed[: dice.randrange(len(changed))] if dice.random() < 0.1 else changed)


def outcome(path: Path, number: int) -> str:
    """`frames`, or the code of the error that mutant `number` ends in; anything else is raised."""
    try:
        with open_video(path, limits=LIMITS) as video:
            shapes = {frame.rgb.shape for frame in video}
    except InputError as error:
        if not error.message.isprintable() or EXCEPTION.search(error.message):
            raise ValueError(error.message) from error
        if error.code == "decoder_crashed":
            CRASHES.mkdir(exist_ok=True)
            kept = CRASHES / str(number)
            shutil.copy(path, kept)
            sys.stdout.write(f"{kept}: {error.message}\n")
        return error.code
    return "frames" if len(shapes) == 1 else f"{len(shapes)} sizes"


def main(seconds: float = 600, seed: int = 0) -> None:
    """Fuzz, and print how often each outcome was seen."""
    tally: collections.Counter[str] = collections.Counter()
    samples = [sample(name) for name in KINDS]
    end_s = time.monotonic() + seconds
    for number in itertools.count(seed):
        if time.monotonic() > end_s:
            break
        dice = random.Random(number)
        FINDING.write_bytes(mutated(dice.choice(samples), dice))
        tally[outcome(FINDING, number)] += 1
        if children := psutil.Process().children():
            raise RuntimeError(f"mutant {number} left {children}")
    FINDING.unlink()
    sys.stdout.writelines(f"{count:7d}  {code}\n" for code, count in tally.most_common())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
