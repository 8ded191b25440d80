"""Clients of a server: send a video, follow its job, fetch the result.

    with Client("http://localhost:8000") as client:
        job_id = client.submit(Path("clip.mp4"))
        for happening in client.follow(job_id):
            print(happening.kind, happening.data)
        client.fetch(job_id, Path("clip.npz"))

`AsyncClient` is the same to be awaited. Both speak REST; `StreamClient` and `AsyncStreamClient`
(`service.client_stream`) speak gRPC, and get meshes back while they send. What a server refuses
becomes errors of `model.errors` and `service.errors`, with their codes.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2
from anyio.to_thread import run_sync

from model.atomic import replacing
from model.errors import InputError, UsageError
from service.answers import check_answer, explained_network
from service.client_blocking import Blocking
from service.client_sending import size_of
from service.client_stream import AsyncStreamClient, Meshes, StreamClient, StreamOptions
from service.errors import LaterError

__all__ = [
    "AsyncClient",
    "AsyncStreamClient",
    "Client",
    "Happening",
    "Meshes",
    "StreamClient",
    "StreamOptions",
]

CHUNK_BYTES = 2**18
WAIT_S = 20  # asked of the server at once; less than proxies allow
PATIENCE_S = 60.0  # with a server that has gone away in the middle of a job
TIMEOUT = httpx2.Timeout(60.0, connect=10.0)

Option = str | int | float | None
Told = Callable[[int, int | None], None]
"""Told (bytes so far, bytes in all or None)."""


def ignore(done: int, total: int | None) -> None:
    """A `Told` for those who do not look."""


class Happening(NamedTuple):
    """Something that happened to a job: its number, kind and facts, as docs/streams.md says."""

    seq: int
    kind: str
    data: Mapping[str, Any]


class AsyncClient:
    """A connection to a server's REST interface.

    Args:
        server: Its URL, e.g. `http://localhost:8000`.
        key: An API key, `rmc_...`, where the server asks for one.

    Every method raises UnavailableError (`server_unreachable`) where there is none, and the error
    that the server's problem document names where it refuses.
    """

    def __init__(self, server: str, key: str | None = None) -> None:
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        try:
            self._http = httpx2.AsyncClient(base_url=server, timeout=TIMEOUT, headers=headers)
        except httpx2.InvalidURL as error:
            raise UsageError("bad_setting", f"'{server}' is no URL ({error})") from None
        self._server = server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def submit(
        self, video: Path, options: Mapping[str, Option] | None = None, told: Told = ignore
    ) -> str:
        """Send a video, and return the id of its job.

        Args:
            video: The file.
            options: Of the job, as docs/api.md lists them.
            told: Told of bytes sent.
        """
        total = size_of(video)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(total)}
        with explained_network(self._server):
            answer = await self._http.post(
                "/v1/reconstruct",
                params=_given(options),
                content=_pieces(video, total, told),
                headers=headers,
            )
        check_answer(answer)
        return str(answer.json()["id"])

    async def job(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job stands."""
        return await self._get(f"/v1/jobs/{job_id}")

    async def models(self) -> list[Mapping[str, Any]]:
        """Return the models of the server."""
        models: list[Mapping[str, Any]] = (await self._get("/v1/models"))["models"]
        return models

    async def delete(self, job_id: str) -> None:
        """End a job, and have everything of it erased."""
        with explained_network(self._server):
            check_answer(await self._http.delete(f"/v1/jobs/{job_id}"))

    async def follow(self, job_id: str, after: int = 0) -> AsyncGenerator[Happening, None]:
        """Yield what happens to a job until it is over; takes up the thread where it breaks."""
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                async for happening in self._events(job_id, after):
                    after, give_up_s = happening.seq, time.monotonic() + PATIENCE_S
                    yield happening
                if (await self.job(job_id))["finished_at"] is not None:
                    return
            except LaterError:
                if time.monotonic() > give_up_s:
                    raise
            await asyncio.sleep(0.5)

    async def fetch(
        self,
        job_id: str,
        path: Path,
        options: Mapping[str, Option] | None = None,
        told: Told = ignore,
    ) -> None:
        """Write the result of a job to a file, whose ending says in which form.

        Args:
            job_id: The job; it may still run.
            path: Where to; it appears once it is whole.
            options: `smooth` and `track`.
            told: Told of bytes written.
        """
        asked = _given(options) | {"format": path.suffix[1:].lower(), "wait": WAIT_S}
        with replacing(path) as temporary:
            while not await self._fetch_once(job_id, temporary, asked, told):
                await asyncio.sleep(0.1)

    async def _fetch_once(
        self, job_id: str, path: Path, asked: Mapping[str, Option], told: Told
    ) -> bool:
        """Whether the result was there; otherwise it is still being made."""
        url = f"/v1/jobs/{job_id}/result"
        slow = httpx2.Timeout(600.0)
        with explained_network(self._server):
            async with self._http.stream("GET", url, params=asked, timeout=slow) as answer:
                if answer.status_code == HTTPStatus.ACCEPTED:
                    return False
                if answer.status_code >= HTTPStatus.BAD_REQUEST:
                    await answer.aread()
                    if _is_not_ready(answer):
                        return False
                    check_answer(answer)
                stated = answer.headers.get("content-length")
                with path.open("wb") as file:
                    async for piece in answer.aiter_bytes(CHUNK_BYTES):
                        await run_sync(file.write, piece)
                        told(file.tell(), None if stated is None else int(stated))
        return True

    async def _events(self, job_id: str, after: int) -> AsyncGenerator[Happening, None]:
        url, headers = f"/v1/jobs/{job_id}/events", {"Last-Event-ID": str(after)}
        with explained_network(self._server):
            async with self._http.stream("GET", url, headers=headers) as answer:
                if answer.status_code >= HTTPStatus.BAD_REQUEST:
                    await answer.aread()
                check_answer(answer)
                if answer.status_code == HTTPStatus.NO_CONTENT:
                    return
                async for event in httpx2.EventSource(answer):
                    data = event.json()
                    assert isinstance(data, dict)
                    yield Happening(int(event.id), event.event, data)

    async def _get(self, url: str) -> Mapping[str, Any]:
        with explained_network(self._server):
            answer = await self._http.get(url)
        check_answer(answer)
        found: Mapping[str, Any] = answer.json()
        return found


class Client(Blocking):
    """The same as `AsyncClient`, for those who do not write async."""

    def __init__(self, server: str, key: str | None = None) -> None:
        super().__init__()
        self._client = AsyncClient(server, key)
        self._closing.append(self._client)

    def submit(
        self, video: Path, options: Mapping[str, Option] | None = None, told: Told = ignore
    ) -> str:
        """Send a video, and return the id of its job."""
        return self._run(self._client.submit(video, options, told))

    def job(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job stands."""
        return self._run(self._client.job(job_id))

    def models(self) -> list[Mapping[str, Any]]:
        """Return the models of the server."""
        return self._run(self._client.models())

    def delete(self, job_id: str) -> None:
        """End a job, and have everything of it erased."""
        self._run(self._client.delete(job_id))

    def follow(self, job_id: str, after: int = 0) -> Iterator[Happening]:
        """Yield what happens to a job until it is over; takes up the thread where it breaks."""
        return self._iterate(self._client.follow(job_id, after))

    def fetch(
        self,
        job_id: str,
        path: Path,
        options: Mapping[str, Option] | None = None,
        told: Told = ignore,
    ) -> None:
        """Write the result of a job to a file, whose ending says in which form."""
        self._run(self._client.fetch(job_id, path, options, told))


def _given(options: Mapping[str, Option] | None) -> dict[str, Option]:
    return {name: value for name, value in (options or {}).items() if value is not None}


def _is_not_ready(answer: httpx2.Response) -> bool:
    if answer.status_code != HTTPStatus.CONFLICT:
        return False
    return bool(answer.json().get("code") == "not_ready")


async def _pieces(video: Path, total: int, told: Told) -> AsyncIterator[bytes]:
    try:
        with video.open("rb") as file:
            while piece := await run_sync(file.read, CHUNK_BYTES):
                yield piece
                told(file.tell(), total)
    except OSError as error:
        raise InputError(
            "video_unreadable", f"{video} cannot be read ({error.strerror}); check its rights"
        ) from error
