"""What readers that are slow cost the others, and the api.

A scene of `tests.load.load`. The api runs by itself; its jobs are made up. Reads without and beside
slow readers alternate, and each pair gives a ratio, so that what else the machine does weighs on
both. The api's own CPU time says the same with less noise.
"""

import socket
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import numpy as np

from benchmarks.results import ROWS, made_up_rows
from service.broker_types import MediaTask, Totals
from service.clip_file import pack_rows
from service.messages import ClipRequest
from service.store import clip_path, result_path
from service.video_facts import TimesWriter, VideoFacts, write_facts
from tests.load.crowd import show
from tests.load.fleet import machine
from tests.load.memory import Alone, api_alone
from tests.service.sealed import begin_job, real_job

SLOW_BYTES_S = 10_000
SETTLE_S = 2.0  # until slow readers have been sent what fits their buffers


def slow_readers(
    rounds: int = 20, clips: int = 16, most_cost: float = 0.10, most_mb: float = 8
) -> bool:
    """Readers of events and of fine frames at 10 kB/s, while another one reads at full speed."""
    with api_alone() as api:
        frames, events = job_of(api, clips), job_of(api, 2000, with_rows=False)
        paths = {
            "events": f"/v1/jobs/{events}/events",
            "raw frames": f"/v1/jobs/{frames}/frames?level=fine",
            "frames of the result": f"/v1/jobs/{frames}/frames?level=fine&smooth=off",
        }
        for path in paths.values():
            read_all(api, path)  # what the first one loads
        grown = {name: growth_mb(api, path) for name, path in paths.items()}
        pairs = [pair(api, list(paths.values()), number) for number in range(rounds)]
    cost = statistics.median(beside.wall_s / alone.wall_s for alone, beside in pairs) - 1
    cpu = statistics.median(beside.cpu_s / alone.cpu_s for alone, beside in pairs) - 1
    show(
        f"slow readers, {SLOW_BYTES_S / 1000:g} kB/s each, 2 of each kind ({machine()})",
        {
            "rounds": rounds,
            "another's time alone, s (median)": statistics.median(a.wall_s for a, _ in pairs),
            "beside them, s (median)": statistics.median(b.wall_s for _, b in pairs),
            f"cost to it, median of pairs (allowed: {most_cost:g})": cost,
            "in the api's CPU time": cpu,
        }
        | {f"api grows by {name}, MB (allowed: {most_mb:g})": mb for name, mb in grown.items()},
    )
    return cost <= most_cost and max(grown.values()) <= most_mb


class Read(NamedTuple):
    """What it took to read all frames."""

    wall_s: float
    cpu_s: float


def pair(api: Alone, paths: list[str], number: int) -> tuple[Read, Read]:
    """Read all frames alone, and beside slow readers; which comes first takes turns."""
    found = {}
    for slow in (number % 2 == 0, number % 2 == 1):
        with reading_slowly(api, paths * 2 if slow else []):
            time.sleep(SETTLE_S)
            before_s = _cpu_s(api)
            wall_s = read_all(api, f"{paths[1]}&follow=false")
            found[slow] = Read(wall_s, _cpu_s(api) - before_s)
    return found[False], found[True]


def _cpu_s(api: Alone) -> float:
    times = api.process.cpu_times()
    return float(times.user + times.system)


def read_all(api: Alone, path: str) -> float:
    """Read an answer to its end; return the seconds that took."""
    begun_s = time.perf_counter()
    with api.http.stream("GET", path) as answer:
        assert answer.status_code == 200
        for _ in answer.iter_raw():
            pass
    return time.perf_counter() - begun_s


def growth_mb(api: Alone, path: str) -> float:
    """How much the api grows while somebody reads slowly."""

    def read() -> None:
        with reading_slowly(api, [path]):
            time.sleep(SETTLE_S * 2)

    return api.growth_mb(read)


@contextmanager
def reading_slowly(api: Alone, paths: list[str]) -> Iterator[None]:
    """Read each of these answers at 10 kB/s, over small buffers, beside the block."""
    stop = threading.Event()
    threads = [threading.Thread(target=_read_slowly, args=(api, path, stop)) for path in paths]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _read_slowly(api: Alone, path: str, stop: threading.Event) -> None:
    place = urlsplit(str(api.http.base_url))
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((place.hostname, place.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\n\r\n".encode())
        while connection.recv(SLOW_BYTES_S // 10) and not stop.wait(0.1):
            pass


def job_of(api: Alone, clips: int, *, with_rows: bool = True) -> str:
    """Commit a job clip by clip, so that its events are there too; the id."""
    task = begin_job(api.broker, api.store, real_job())
    job = task.job
    api.broker.announce("readers", job.model_key, 64)
    write_facts(api.store, job.id, VideoFacts(640, 360, 30, clips * ROWS / 30, clips * ROWS))
    times = TimesWriter(api.store, job.id)
    for frame in range(clips * ROWS):
        times.see(frame, frame / 30)
        if times.full:
            times.flush()
    times.flush()
    for number in range(clips):
        _commit(api, task, number, with_rows)
    assert api.broker.decoded(task.lease, Totals(clips * ROWS, 1, clips)) == "succeeded"
    return job.id


def _commit(api: Alone, task: MediaTask, number: int, with_rows: bool) -> None:
    job, first = task.job, number * ROWS
    name = f"t1-f{first}-n{ROWS}"
    request = ClipRequest(
        job=job.id,
        clip=name,
        model_key=job.model_key,
        tenant=job.tenant,
        path=clip_path(job.id, name),
        windows=4,
        keep=ROWS,
        first_frame=first,
        last_frame=first + ROWS - 1,
    )
    if number % 100 == 0:
        api.broker.renew_task(task.lease)
        api.broker.announce("readers", job.model_key, 64)
    api.broker.seal(task.lease, request)
    (delivery,) = api.broker.take("readers", job.model_key, 4, block_ms=1000)
    api.broker.started([delivery])
    path = result_path(job.id, name, "1")
    if with_rows:
        rows = made_up_rows(np.arange(first, first + ROWS, dtype=np.int32))
        api.store.put(path, pack_rows(rows))
    assert api.broker.commit(delivery, path, ROWS)
