"""Results as answers: arrays and text row by row, files as they lie in the store."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Self

from anyio.to_thread import run_sync
from fastapi import Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from service.broker_types import ExportState, JobStatus
from service.errors import FaultError, JobFailedError, JobOverError, NotReadyError
from service.exports import export_request
from service.front import Front
from service.messages import ExportRequest, Job
from service.metrics import HANDOUT_SECONDS
from service.options import MEDIA_TYPES, Format, ResultOptions
from service.results import Result, open_result
from service.schemas import Pending, result_url
from service.watch import RECHECK_S

STREAMED = frozenset({Format.npz, Format.json})
"""Made by the api while they are sent; the others are files that the media role makes once."""

OUR_FAULTS = frozenset({"internal", "clip_crashed", "clip_failed", "export_crashed"})
"""Codes of failures that no other video would have mended."""

_PIECE_BYTES = 2**20  # at least, as each costs a turn of a thread

PENDING: dict[int | str, dict[str, Any]] = {
    202: {"model": Pending, "description": "The file is being made; ask again."}
}
"""What an endpoint that hands out files may answer as well, as OpenAPI tells it."""


async def hand_out(
    front: Front, status: JobStatus, options: ResultOptions, form: Format, wait_s: float
) -> Response:
    """Return the result of a job as an answer.

    Args:
        front: The process.
        status: How the job stands.
        options: Which person, and how smooth.
        form: In which form.
        wait_s: How long to wait for a file that has to be made.

    Raises:
        NotReadyError: It is not over.
        JobFailedError, FaultError, JobOverError: It has no result.
        NotFoundError: `unknown_track`.
        OutputError: `too_large_for_format`.
    """
    check_succeeded(status)
    if form in STREAMED:
        pieces = await run_sync(Pieces.begin, front, status, options, form)
        return pieces.as_answer() if pieces.is_whole else ResultStream(pieces)
    return await _hand_out_file(front, status.job, options, form, wait_s)


class Pieces:
    """A result, made piece by piece while it is sent; each call in a thread.

    A request that is broken off leaves its thread behind: `close` waits for the piece in its hands.

    Args:
        result: All of it; closed here.
        form: In which form.

    Attributes:
        first: The first piece.
        is_whole: Whether all pieces are made by now.
    """

    def __init__(self, result: Result, form: Format) -> None:
        self.job_id, self.form = result.job_id, form
        self._result = result
        self._coming = result.npz() if form is Format.npz else result.json()
        self._spent_s = 0.0
        self._one_by_one = threading.Lock()
        self.is_whole = False
        self.first = self.next()

    @classmethod
    def begin(cls, front: Front, status: JobStatus, options: ResultOptions, form: Format) -> Self:
        """Open a result and make its first piece; one that is whole is closed already.

        Raises:
            NotFoundError, NotReadyError, GoneError, InputError, OutputError: As `open_result`.
            OutputError: `too_large_for_format`.
        """
        begun_s = time.perf_counter()
        job = status.job
        result = open_result(
            front.store,
            front.broker,
            job,
            front.settings.models_dir,
            track=options.track,
            smooth=options.smooth or job.options.smooth,
            known=status.results,
        )
        try:
            pieces = cls(result, form)
        except BaseException:
            result.close()
            raise
        pieces._spent_s = time.perf_counter() - begun_s
        if pieces.is_whole:
            pieces.close()
        return pieces

    def next(self) -> bytes:
        """Return the next piece, of about a megabyte where there is so much; empty at the end."""
        with self._one_by_one:
            begun_s, parts, size_bytes = time.perf_counter(), [], 0
            while size_bytes < _PIECE_BYTES and not self.is_whole:
                part = next(self._coming, None)
                self.is_whole = part is None
                parts.append(part or b"")
                size_bytes += len(parts[-1])
            self._spent_s += time.perf_counter() - begun_s
            return b"".join(parts)

    def as_answer(self) -> Response:
        """Return what is whole already."""
        headers = disposition(self.job_id, self.form)
        return Response(self.first, headers=headers, media_type=MEDIA_TYPES[self.form])

    def close(self) -> None:
        """Free what it needed, and take note of what it took."""
        with self._one_by_one:
            self.is_whole = True  # nothing more is made
            self._result.close()
        HANDOUT_SECONDS.labels(self.form).observe(self._spent_s)


def check_succeeded(status: JobStatus) -> None:
    """Raise what a job without a result has instead."""
    match status.state:
        case "succeeded":
            return
        case "failed":
            raise failure(status.code, status.message)
        case "cancelled":
            message = status.message or "the job was cancelled; send its video again"
            raise JobOverError(status.code or "cancelled", message)
        case _:
            raise NotReadyError(
                "not_ready", f"job {status.job.id} is {status.state}; ask again, or with ?wait=N"
            )


def failure(code: str | None, message: str | None) -> JobFailedError | FaultError:
    """Return the error for a job or an export that failed."""
    code, message = code or "internal", message or "it failed; send it again"
    return (FaultError if code in OUR_FAULTS else JobFailedError)(code, message)


class ResultStream(StreamingResponse):
    """A result, made while it is sent; what it needed is freed however the sending ends."""

    def __init__(self, pieces: Pieces) -> None:
        headers = disposition(pieces.job_id, pieces.form)
        super().__init__(_sent(pieces), headers=headers, media_type=MEDIA_TYPES[pieces.form])
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await run_sync(self._pieces.close)


async def _sent(pieces: Pieces) -> AsyncIterator[bytes]:
    yield pieces.first
    while not pieces.is_whole:
        if piece := await run_sync(pieces.next):
            yield piece


async def _hand_out_file(
    front: Front, job: Job, options: ResultOptions, form: Format, wait_s: float
) -> Response:
    smooth = options.smooth or job.options.smooth
    state = await await_export(front, export_request(job.id, form, smooth, options.track), wait_s)
    match state.state:
        case "ready":
            assert state.path is not None
            headers = disposition(job.id, form) | {"Content-Length": str(state.size_bytes)}
            pieces = front.store.stream(state.path)
            return StreamingResponse(pieces, headers=headers, media_type=MEDIA_TYPES[form])
        case "failed":
            raise failure(state.code, state.message)
        case _:
            url = result_url(job.id, options, form)
            headers = {"Location": url, "Retry-After": "1"}
            return JSONResponse(Pending(result_url=url).model_dump(), 202, headers)


async def await_export(front: Front, asked: ExportRequest, wait_s: float) -> ExportState:
    """Have a file made, and wait for it as long as the client does."""
    loop = asyncio.get_running_loop()
    end_s = loop.time() + wait_s
    with front.watch.on(asked.job) as changed:
        state = await run_sync(front.broker.request_export, asked)
        while state.state == "pending" and (left_s := end_s - loop.time()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), min(left_s, RECHECK_S))
            changed.clear()
            found = await run_sync(front.broker.export_state, asked.job, asked.export)
            state = found or state
    return state


def disposition(job_id: str, form: Format) -> dict[str, str]:
    """Name a download after its job; the type is ours, whatever a browser may guess."""
    return {"Content-Disposition": f'attachment; filename="{job_id}.{form}"'}


async def disconnected(request: Request) -> None:
    """Return once the client has gone; its body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
