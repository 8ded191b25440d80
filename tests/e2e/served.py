"""`remocap serve` as a user runs it: its own process, its own folder, a free port."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import httpx2
import psutil

from tests.load.fleet import free_port, wait_for

READY_S = 180.0


class Served:
    """A running service.

    Attributes:
        url: Of the REST interface.
        http: A client of it.
        process: `remocap serve` itself.
    """

    def __init__(self, url: str, process: subprocess.Popen[bytes], log: Path, worker: str) -> None:
        self.url, self.process, self._log, self._worker = url, process, log, worker
        self.http = httpx2.Client(base_url=url, timeout=600)

    def said(self) -> str:
        """What it printed so far."""
        return self._log.read_text(errors="replace")

    def wait_ready(self) -> None:
        """Wait until it says so."""
        wait_for(lambda: self.process.poll() is not None or "ready at" in self.said(), READY_S)
        assert self.process.poll() is None, self.said()

    def api(self) -> psutil.Process:
        """The process of the api role."""
        children = psutil.Process(self.process.pid).children()
        return next(child for child in children if child.cmdline()[-1] == "api")

    def worker_metric(self, name: str) -> float:
        """Sum of a metric of the worker over its labels."""
        lines = httpx2.get(f"{self._worker}/metrics").text.splitlines()
        found = (line for line in lines if line.split("{")[0].split(" ")[0] == name)
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def end(self, within_s: float = 60) -> int:
        """Press Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(within_s)


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Served]:
    """Run the service while the block runs, ready at its start."""
    port, worker_port = free_port(), free_port()
    given = {"data_dir": folder, "rest_port": port, "worker_port": worker_port, "media_port": 0}
    log = folder / "said.txt"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = start(out, given | settings)
    served = Served(f"http://127.0.0.1:{port}", process, log, f"http://127.0.0.1:{worker_port}")
    try:
        served.wait_ready()
        yield served
    finally:
        served.http.close()
        if process.poll() is None:
            served.end()


def start(out: IO[bytes], settings: Mapping[str, object]) -> subprocess.Popen[bytes]:
    """Start `remocap serve` with settings as variables."""
    variables = {f"REMOCAP_{name}".upper(): str(value) for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "service", "serve"],
        env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"} | variables,
        stdout=out,
        stderr=out,
        start_new_session=True,
    )


def problem_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and code of a problem document."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text[:300]
    return answer.status_code, str(json.loads(answer.text)["code"])
