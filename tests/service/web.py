"""A real server around a real Redis and a real store, and a hand that plays the other roles."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import httpx2
import uvicorn

from service.api import create_app, listen
from service.broker import Broker
from service.broker_types import MediaTask, Totals
from service.front import Front
from service.messages import ClipRequest
from service.rpc_server import RpcServer, serving_rpc
from service.security_tls import tls_of
from service.settings import Settings
from service.store import Store, clip_path, result_path


class Api:
    """A server in a thread.

    Attributes:
        url: Where it is.
        http: A client of it.
        front: Its parts.
        rpc: Where gRPC is.
    """

    def __init__(self, url: str, http: httpx2.Client, front: Front, rpc: str) -> None:
        self.url, self.http, self.front, self.rpc = url, http, front, rpc

    def post(self, video: bytes = b"video", **options: str) -> httpx2.Response:
        """Send a form."""
        files = {"video": ("clip.mp4", video, "video/mp4")}
        return self.http.post("/v1/reconstruct", params=options, files=files)

    def post_raw(self, video: bytes = b"video", **options: str) -> httpx2.Response:
        """Send a video alone."""
        headers = {"Content-Type": "video/mp4"}
        return self.http.post("/v1/reconstruct", params=options, content=video, headers=headers)

    def job(self, job_id: str) -> dict[str, object]:
        """How a job stands."""
        found: dict[str, object] = self.http.get(f"/v1/jobs/{job_id}").json()
        return found


@contextmanager
def serving(settings: Settings, store: Store, broker: Broker) -> Iterator[Api]:
    """Serve while the block runs."""
    app = create_app(settings, store, broker)
    tls = tls_of(settings)
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        log_config=None,
        ssl_certfile=tls and tls.cert,
        ssl_keyfile=tls and tls.key,
    )
    server = uvicorn.Server(config)
    rpc: Future[RpcServer] = Future()

    async def run(place: socket.socket) -> None:
        secured = tls and tls.for_grpc()
        async with serving_rpc(app.state.front, "127.0.0.1", 0, secured) as listening:
            rpc.set_result(listening)
            await server.serve([place])
            await listening.stop(0)

    with listen("127.0.0.1", 0) as place:
        thread = threading.Thread(target=lambda: asyncio.run(run(place)))
        thread.start()
        url = f"http{'s' if tls else ''}://127.0.0.1:{place.getsockname()[1]}"
        with httpx2.Client(base_url=url, timeout=30) as http:
            try:
                yield Api(url, http, app.state.front, f"127.0.0.1:{rpc.result(30).port}")
            finally:
                server.should_exit = True
                thread.join()


class Hand:
    """Plays media and worker with the broker's own calls, one step when a test says so."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def claim(self) -> MediaTask:
        """Take the next video."""
        task = self._broker.claim_task("hand", ["decode"], block_ms=5000)
        assert task is not None
        return task

    def seal(self, task: MediaTask, clip: str = "t1-f0-n8") -> ClipRequest:
        """Find a person for 8 frames."""
        job = task.job
        request = ClipRequest(
            job=job.id,
            clip=clip,
            model_key=job.model_key,
            tenant=job.tenant,
            path=clip_path(job.id, clip),
            windows=1,
            keep=8,
            first_frame=0,
            last_frame=7,
        )
        assert self._broker.seal(task.lease, request)
        return request

    def answer(self, request: ClipRequest) -> None:
        """Commit a clip."""
        (delivery,) = self._broker.take("hand", request.model_key, 1, block_ms=5000)
        assert self._broker.started([delivery])
        path = result_path(request.job, request.clip, "1")
        assert self._broker.commit(delivery, path, request.keep)

    def finish(self) -> None:
        """Do all of a job that has one clip."""
        task = self.claim()
        request = self.seal(task)
        self._broker.decoded(task.lease, Totals(frames=8, people=1, clips=1))
        self.answer(request)


def free_settings(folder: Path, redis_address: str, **changes: object) -> Settings:
    """Settings that touch nothing outside of a folder."""
    return Settings(
        data_dir=folder,
        models_dir=folder / "models",
        redis_url=redis_address,
        store_url=(folder / "store").as_uri(),
        **changes,
    )
