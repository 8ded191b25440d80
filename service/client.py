"""A client of the REST interface: send a video, follow its job, fetch the result.

    with Client("http://localhost:8000") as client:
        job_id = client.submit(Path("clip.mp4"))
        for happening in client.follow(job_id):
            print(happening.kind, happening.data)
        client.fetch(job_id, Path("clip.npz"))

Problem documents become errors of `model.errors` and `service.errors`, with their codes.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx2

from model.atomic import replacing
from model.errors import InputError, UsageError
from service.answers import check_answer, explained_network
from service.errors import LaterError

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
    """Something that happened to a job: its number, kind and facts, as docs/service.md says."""

    seq: int
    kind: str
    data: Mapping[str, Any]


class Client:
    """A connection to a server.

    Args:
        server: Its URL, e.g. `http://localhost:8000`.

    Every method raises UnavailableError (`server_unreachable`) where there is none, and the error
    that the server's problem document names where it refuses.
    """

    def __init__(self, server: str) -> None:
        try:
            self._http = httpx2.Client(base_url=server, timeout=TIMEOUT)
        except httpx2.InvalidURL as error:
            raise UsageError("bad_setting", f"'{server}' is no URL ({error})") from None
        self._server = server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def submit(
        self, video: Path, options: Mapping[str, Option] | None = None, told: Told = ignore
    ) -> str:
        """Send a video, and return the id of its job.

        Args:
            video: The file.
            options: Of the job, as docs/service.md lists them.
            told: Told of bytes sent.
        """
        total = _size_of(video)
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(total)}
        with explained_network(self._server):
            answer = self._http.post(
                "/v1/reconstruct",
                params={
                    name: value for name, value in (options or {}).items() if value is not None
                },
                content=_pieces(video, total, told),
                headers=headers,
            )
        check_answer(answer)
        return str(answer.json()["id"])

    def job(self, job_id: str) -> Mapping[str, Any]:
        """Return how a job stands."""
        return self._get(f"/v1/jobs/{job_id}")

    def models(self) -> list[Mapping[str, Any]]:
        """Return the models of the server."""
        models: list[Mapping[str, Any]] = self._get("/v1/models")["models"]
        return models

    def delete(self, job_id: str) -> None:
        """End a job, and have everything of it erased."""
        with explained_network(self._server):
            check_answer(self._http.delete(f"/v1/jobs/{job_id}"))

    def follow(self, job_id: str, after: int = 0) -> Iterator[Happening]:
        """Yield what happens to a job until it is over; takes up the thread where it breaks."""
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                for happening in self._events(job_id, after):
                    after, give_up_s = happening.seq, time.monotonic() + PATIENCE_S
                    yield happening
                if self.job(job_id)["finished_at"] is not None:
                    return
            except LaterError:
                if time.monotonic() > give_up_s:
                    raise
            time.sleep(0.5)

    def fetch(
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
        asked = {name: value for name, value in (options or {}).items() if value is not None}
        asked |= {"format": path.suffix[1:].lower(), "wait": WAIT_S}
        with replacing(path) as temporary:
            while not self._fetch_once(job_id, temporary, asked, told):
                time.sleep(0.1)

    def _fetch_once(self, job_id: str, path: Path, asked: Mapping[str, Option], told: Told) -> bool:
        """Whether the result was there; otherwise it is still being made."""
        url = f"/v1/jobs/{job_id}/result"
        with (
            explained_network(self._server),
            self._http.stream("GET", url, params=asked, timeout=httpx2.Timeout(600.0)) as answer,
        ):
            if answer.status_code == HTTPStatus.ACCEPTED:
                return False
            if answer.status_code == HTTPStatus.CONFLICT:
                answer.read()
                if answer.json().get("code") == "not_ready":
                    return False
            check_answer(answer)
            stated = answer.headers.get("content-length")
            with path.open("wb") as file:
                for piece in answer.iter_bytes(CHUNK_BYTES):
                    file.write(piece)
                    told(file.tell(), None if stated is None else int(stated))
        return True

    def _events(self, job_id: str, after: int) -> Iterator[Happening]:
        url, headers = f"/v1/jobs/{job_id}/events", {"Last-Event-ID": str(after)}
        with (
            explained_network(self._server),
            self._http.stream("GET", url, headers=headers) as answer,
        ):
            check_answer(answer)
            if answer.status_code == HTTPStatus.NO_CONTENT:
                return
            for event in httpx2.EventSource(answer):
                data = event.json()
                assert isinstance(data, dict)
                yield Happening(int(event.id), event.event, data)

    def _get(self, url: str) -> Mapping[str, Any]:
        with explained_network(self._server):
            answer = self._http.get(url)
        check_answer(answer)
        found: Mapping[str, Any] = answer.json()
        return found


def _size_of(video: Path) -> int:
    try:
        if video.is_file():
            return video.stat().st_size
    except OSError:
        pass
    raise InputError(
        "video_not_found", f"{video} does not exist; expected a video file; check the path"
    )


def _pieces(video: Path, total: int, told: Told) -> Iterator[bytes]:
    try:
        with video.open("rb") as file:
            while piece := file.read(CHUNK_BYTES):
                yield piece
                told(file.tell(), total)
    except OSError as error:
        raise InputError(
            "video_unreadable", f"{video} cannot be read ({error.strerror}); check its rights"
        ) from error
