"""How much the api grows by large uploads and long results.

Scenes of `tests.load.load`. The api runs by itself, with a Redis and a store; what media and
worker would have done is written by this process.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from benchmarks.results import FPS, make_job
from model.registry import find_model, weights_id
from service.broker import Broker
from service.jobs import PUBLIC, new_job_id
from service.messages import Job
from service.redis_server import RedisServer
from service.store import Store, export_path, job_path
from tests.load.crowd import show
from tests.load.fleet import free_port, machine, wait_for

MB = 10**6
PIECE = bytes(MB)


@dataclass(frozen=True)
class Alone:
    """An api by itself."""

    http: httpx2.Client
    rpc: str
    process: psutil.Process
    broker: Broker
    store: Store

    def growth_mb(self, act: Callable[[], object]) -> float:
        """How much its memory exceeds, at the worst moment, what it was before."""
        path = Path(f"/proc/{self.process.pid}")
        before = self.process.memory_info().rss
        (path / "clear_refs").write_text("5")  # forget the peak so far
        act()
        (peak,) = (
            int(line.split()[1]) * 1024
            for line in (path / "status").read_text().splitlines()
            if line.startswith("VmHWM:")
        )
        return (peak - before) / MB


@contextmanager
def api_alone() -> Iterator[Alone]:
    """Run an api, and nothing that would do its jobs."""
    port, grpc_port = free_port(), free_port()
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="remocap-load-"))
        redis = stack.enter_context(RedisServer(Path(folder) / "redis"))
        settings = {"REDIS_URL": redis.address, "DATA_DIR": folder, "REST_PORT": port}
        settings |= {"GRPC_PORT": grpc_port}
        env = os.environ | {f"REMOCAP_{name}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "service", "api"]
        with subprocess.Popen(command, env=env, stderr=subprocess.DEVNULL) as process:
            http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=600)
            store = Store((Path(folder) / "store").as_uri())
            try:
                wait_for(lambda: _answers(http), 60)
                rpc = f"127.0.0.1:{grpc_port}"
                yield Alone(http, rpc, psutil.Process(process.pid), Broker(redis.address), store)
            finally:
                http.close()
                process.terminate()


def _answers(http: httpx2.Client) -> bool:
    try:
        return http.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def upload(size_mb: int = 2000, most_mb: float = 64) -> bool:
    """A large video, as a form and alone."""
    grown = {}
    with api_alone() as api:
        api.http.post("/v1/reconstruct", files={"video": PIECE})  # what the first request loads
        grown["as a form"] = api.growth_mb(lambda: _post_form(api, size_mb))
        grown["alone"] = api.growth_mb(lambda: _post_raw(api, size_mb))
    show(
        f"growth of the api by an upload of {size_mb} MB ({machine()})",
        {f"{name}, MB (allowed: {most_mb:g})": value for name, value in grown.items()},
    )
    return max(grown.values()) <= most_mb


def _post_form(api: Alone, size_mb: int) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    _post(api, [head, *_zeros(size_mb), b"\r\n--b--\r\n"], "multipart/form-data; boundary=b")


def _post_raw(api: Alone, size_mb: int) -> None:
    _post(api, _zeros(size_mb), "video/mp4")


def _zeros(size_mb: int) -> list[bytes]:
    return [PIECE] * size_mb


def _post(api: Alone, pieces: list[bytes], kind: str) -> None:
    headers = {"Content-Type": kind, "Content-Length": str(sum(map(len, pieces)))}
    answer = api.http.post("/v1/reconstruct", content=iter(pieces), headers=headers)
    assert answer.status_code == 202, answer.text
    api.http.delete(answer.json()["status_url"])


def results(minutes: float = 10, most_mb: float = 64) -> bool:
    """A long result of one person at 30 frames/s, in each form."""
    frames = round(minutes * 60 * FPS)
    grown = {}
    with api_alone() as api:
        _fetch(api, finished_job(api, 96), "npz")  # what the first one loads
        long = finished_job(api, frames)
        grown["NPZ"] = api.growth_mb(lambda: _fetch(api, long, "npz"))
        brief = finished_job(api, min(frames, 9600))  # JSON ends at 2 GiB
        grown["JSON"] = api.growth_mb(lambda: _fetch(api, brief, "json"))
        _make_file(api, long, "glb", size_bytes=frames * 80_000)
        grown["a file of the media role"] = api.growth_mb(lambda: _fetch(api, long, "glb"))
    show(
        f"growth of the api by a result of {frames} frames ({machine()})",
        {f"{name}, MB (allowed: {most_mb:g})": value for name, value in grown.items()},
    )
    return max(grown.values()) <= most_mb


def finished_job(api: Alone, frames: int) -> str:
    """A job that one person was found in from the first frame to the last."""
    card = find_model("remocap-anny").card
    now_s = time.time()
    job = Job(new_job_id(now_s), PUBLIC, card.name, weights_id(card), card.network.input, now_s)
    make_job(api.store, job.id, frames)
    api.store.put(job_path(job.id), job.encode().encode())
    assert api.http.get(f"/v1/jobs/{job.id}").json()["state"] == "succeeded"  # from the store
    return job.id


def _make_file(api: Alone, job_id: str, form: str, size_bytes: int) -> None:
    """Do as the media role, with nothing in the file."""
    api.http.get(f"/v1/jobs/{job_id}/result?format={form}")
    task = api.broker.claim_task("memory", ["export"], block_ms=5000)
    assert task is not None
    assert task.export is not None
    path = export_path(job_id, task.export.export, form)
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(size_bytes)
        api.store.put_file(path, file.name)
    api.broker.export_done(task.lease, path, size_bytes)


def _fetch(api: Alone, job_id: str, form: str) -> None:
    """Read a result to its end, and forget it."""
    with api.http.stream("GET", f"/v1/jobs/{job_id}/result?format={form}") as answer:
        assert answer.status_code == 200, answer.read()
        for _ in answer.iter_raw():
            pass
