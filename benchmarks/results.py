"""What a long result adds to the memory of who hands it out: `python -m benchmarks.results`.

A job of one person in every frame, made up and committed to a real store and queue, becomes each
format in a process of its own, once short as a warm-up and once long. Growth is the highest
resident set of the long one (Linux counts it) less that after the short one. Caveat: the video is
grey and small, so that decoding and drawing take less than they would.

    python -m benchmarks.results --minutes 10
"""

import argparse
import gc
import secrets
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.bodies import load_body
from model.clip_rows import ClipRows
from model.errors import OutputError
from model.registry import find_model, weights_id
from model.types import Array, Frame
from model.video import Limits
from service.broker import Broker
from service.clip_file import pack_rows
from service.exports import Workshop, export_request
from service.messages import Done, Job
from service.redis_server import RedisServer
from service.results import open_result
from service.store import Store, done_path, result_path
from service.upload_parts import PartWriter
from service.video_facts import TimesWriter, VideoFacts, write_facts

FPS, WIDTH, HEIGHT, ROWS = 30, 640, 360, 32
WARM_UP = 96  # frames
FORMATS = ("npz", "json", "glb", "zip", "png", "thumbnail", "mp4", "preview")


def main() -> None:
    """Measure every format, or one of them where a child is asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--child", nargs=3, metavar=("FORMAT", "REDIS", "STORE"))
    chosen = parser.parse_args()
    if chosen.child:
        measure(*chosen.child)
        return
    with tempfile.TemporaryDirectory(prefix="remocap-") as name, RedisServer(Path(name)) as server:
        address = (Path(name) / "store").as_uri()
        make_job(Store(address), "short", WARM_UP)
        make_job(Store(address), "long", round(chosen.minutes * 60 * FPS))
        for form in FORMATS:
            command = [sys.executable, "-m", "benchmarks.results", "--child"]
            done = subprocess.run(
                [*command, form, server.address, address],
                capture_output=True,
                text=True,
                check=True,
            )
            print(f"{form:9} {chosen.minutes:4.1f} min  {done.stdout.strip()}", flush=True)


def make_job(store: Store, name: str, frames: int) -> None:
    """Put a finished job into the store."""
    write_facts(store, name, VideoFacts(WIDTH, HEIGHT, FPS, frames / FPS, frames))
    times = TimesWriter(store, name)
    for frame in range(frames):
        times.see(frame, frame / FPS)
        if times.full:
            times.flush()
    times.flush()
    results = {}
    for first in range(0, frames, ROWS):
        rows = made_up_rows(np.arange(first, min(first + ROWS, frames), dtype=np.int32))
        path = result_path(name, f"t1-f{first}", secrets.token_hex(4))
        store.put(path, pack_rows(rows))
        results[path] = path
    done = Done("succeeded", time.time(), results=results, frame_count=frames, people=1)
    upload_video(store, name, frames)
    store.put(done_path(name), done.encode().encode())


def made_up_rows(frames: Array) -> ClipRows:
    """Somebody at rest who sways and turns."""
    rest_m = load_body("anny").rest_coarse_m
    assert rest_m is not None
    angle = frames / 40
    sway = np.stack([np.sin(angle), np.zeros_like(angle), np.cos(angle)], axis=1)
    count = len(frames)
    values = {
        "camera": np.tile(np.array([0.9, 0, 0], np.float32), (count, 1)),
        "joint_tokens_m": np.zeros((count, 14, 3), np.float32),
        "coarse_m": (rest_m + 0.1 * sway[:, None]).astype(np.float32),
        "crop_px": np.tile(np.array([140, 0, 500, 360], np.float32), (count, 1)),
        "score": np.ones(count, np.float32),
    }
    return ClipRows(1, frames, frames / FPS, False, values)


def upload_video(store: Store, job: str, frames: int) -> None:
    """Write the job's video: grey, as nobody looks at it."""
    from model.encode import write_mp4

    grey = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        write_mp4((Frame(i, i / FPS, grey) for i in range(frames)), Path(file.name))
        writer = PartWriter(store, job)
        while chunk := file.read(1 << 20):
            writer.write(chunk)
        writer.close()


def measure(form: str, redis: str, address: str) -> None:
    """Make a format of both jobs; print growth and time."""
    broker, store = Broker(redis), Store(address)
    job = Job("short", "public", "remocap-anny", built_in(), "pixels", 0.0)
    make(store, broker, job, form)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the highest is counted from here
    before, start_s = memory_mib("VmRSS"), time.perf_counter()
    said = make(store, broker, replace(job, id="long"), form)
    spent_s = time.perf_counter() - start_s
    grown = memory_mib("VmHWM") - before
    print(f"{said}; {spent_s:.0f} s; memory {before:.0f} MiB, grown by {grown:.0f} MiB")


def make(store: Store, broker: Broker, job: Job, form: str) -> str:
    """Make one result as the roles do; say how large it is, or why it cannot be."""
    try:
        if form in ("npz", "json"):
            with open_result(store, broker, job) as result:
                pieces = result.npz() if form == "npz" else result.json()
                return f"{sum(map(len, pieces)) / 2**20:.0f} MiB streamed"
        with tempfile.TemporaryDirectory() as folder:
            shop = Workshop(store, broker, Path(), Limits(), Path(folder), lambda *_: None)
            return f"{shop.make(job, export_request(job.id, form))[1] / 2**20:.0f} MiB"
    except OutputError as error:
        return error.code


def built_in() -> str:
    """Hash of the built-in model's weights."""
    return weights_id(find_model("remocap-anny").card)


def memory_mib(name: str) -> float:
    """A line of the process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[name].split()[0]) / 1024


if __name__ == "__main__":
    main()
