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
SAID = "said.txt"


class Served:
    """A running service.

    Attributes:
        folder: Its data.
        url: Of the REST interface.
        worker_url: Where the worker shows its metrics.
        rpc: Where gRPC is.
        http: A client of it.
        process: `remocap serve` itself.
    """

    def __init__(
        self,
        folder: Path,
        url: str,
        worker_url: str,
        rpc: str,
        process: subprocess.Popen[bytes],
    ) -> None:
        self.folder, self.url, self.process, self.rpc = folder, url, process, rpc
        self.worker_url = worker_url
        self.http = httpx2.Client(base_url=url, timeout=600)

    def said(self) -> str:
        """What it printed so far."""
        return (self.folder / SAID).read_text(errors="replace")

    def wait_ready(self) -> None:
        """Wait until it says so."""
        wait_for(lambda: self.process.poll() is not None or "ready at" in self.said(), READY_S)
        assert self.process.poll() is None, self.said()

    def roles(self) -> dict[str, psutil.Process]:
        """The process of each role."""
        children = psutil.Process(self.process.pid).children()
        return {child.cmdline()[-1]: child for child in children if "service" in child.cmdline()}

    def worker_metric(self, name: str) -> float:
        """Sum of a metric of the worker over its labels."""
        return _sum_of(name, httpx2.get(f"{self.worker_url}/metrics").text)

    def api_metric(self, name: str) -> float:
        """The same of the api."""
        return _sum_of(name, self.http.get("/metrics").text)

    def end(self, within_s: float = 60) -> int:
        """Press Ctrl-C; the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(within_s)


def _sum_of(name: str, metrics: str) -> float:
    found = (line for line in metrics.splitlines() if line.split("{")[0].split(" ")[0] == name)
    return sum(float(line.rpartition(" ")[2]) for line in found)


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Served]:
    """Run the service while the block runs, ready at its start."""
    port, worker_port, grpc_port = free_port(), free_port(), free_port()
    ports = {"rest_port": port, "worker_port": worker_port, "media_port": 0, "grpc_port": grpc_port}
    given = {"data_dir": folder} | ports
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / SAID).open("wb") as out:
        process = start(out, given | settings)
    url, worker_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{worker_port}"
    served = Served(folder, url, worker_url, f"127.0.0.1:{grpc_port}", process)
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
