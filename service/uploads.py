"""A video on its way from a client's connection into the store, never whole in memory.

    bytes of the request -> pieces (service.body) -> parts in the store (service.upload_parts)

A video that comes alone is queued at once and worked on while it arrives. One in a form is queued
when the form is complete, as options may follow it; so is one with an idempotency key, as only the
whole video tells whether the request is the same as an earlier one.
"""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from anyio.to_thread import run_sync

from service.body import Body, Field
from service.errors import TooLargeError, UploadError
from service.jobs import Caller, Jobs, new_job_id, with_digest
from service.limits import kept
from service.messages import Job
from service.metrics import UPLOADED_BYTES
from service.options import ReconstructOptions, with_fields
from service.upload_parts import PartWriter

T = TypeVar("T")

FORM_BYTES = 2**20  # that a form may hold beside the video
GATHER_BYTES = 2**20  # handed to a thread at once
PAUSE_S = 0.5  # since the first byte gathered, until all goes to the store all the same
STALL_S = 60.0  # without news, until the client is taken for lost


@dataclass(frozen=True)
class Upload:
    """What a client sends.

    Attributes:
        stream: The bytes as they arrive.
        body: Who reads them.
        size_bytes: How many there will be, where that is stated.
    """

    stream: AsyncIterator[bytes]
    body: Body
    size_bytes: int | None

    @property
    def is_small(self) -> bool:
        """Whether it may wait in memory until it is known whether it is taken."""
        return self.size_bytes is not None and self.size_bytes <= GATHER_BYTES


def ignore(job_id: str) -> None:
    """What is told of a queued job where nobody looks."""


async def take_in(
    jobs: Jobs,
    upload: Upload,
    options: ReconstructOptions,
    caller: Caller,
    queued: Callable[[str], None] = ignore,
) -> tuple[str, ReconstructOptions]:
    """Store a video and queue its job; return the job's id, and the options with the form's.

    It is refused before its body is read where too much is waiting, unless the body is small.
    Whatever is raised, nothing of the upload is left. `queued` is told the id as soon as the job is
    in the queue, which may be long before its video is whole.

    Raises:
        UsageError: As `Jobs.prepare`, or an option in the form is wrong.
        UploadError: As `receive`.
        LaterError: Not now, or no room is left.
    """
    max_bytes = jobs.settings.max_upload_bytes
    if upload.size_bytes is not None and upload.size_bytes > max_bytes + FORM_BYTES:
        raise too_large(max_bytes)
    job_id = new_job_id(time.time())
    opening = asyncio.create_task(run_sync(jobs.open, options, caller, upload.size_bytes, job_id))
    parts = PartWriter(jobs.store, job_id)
    whole: asyncio.Task[str] | None = None
    at_once = not upload.body.may_have_fields and caller.idempotency_key is None
    is_hashed = caller.idempotency_key is not None
    receiver = Receiver(parts, max_bytes, hashed=is_hashed, admitted=opening)
    try:
        if at_once or not upload.is_small:
            await asyncio.shield(opening)
        if at_once:
            await run_sync(jobs.submit, opening.result(), caller)
            queued(job_id)
        async with kept(jobs.broker, job_id):
            fields = await receive(upload.stream, upload.body, receiver)
            job = await asyncio.shield(opening)
            if not at_once:
                options = with_fields(options, fields)
                told = jobs, job, options, caller, parts, receiver
                whole = asyncio.create_task(run_sync(_submit_whole, *told))
                job_id = await asyncio.shield(whole)  # in a thread, it ends in any case
                queued(job_id)
                return job_id, options
            await run_sync(receiver.write_rest)
            await run_sync(parts.close)
        await run_sync(jobs.correct, job, receiver.size_bytes)
        return job_id, options
    except BaseException as error:
        opened = await _outcome(opening)
        if whole is not None and (submitted := await _outcome(whole)):
            queued(submitted)
        elif opened is not None and not (at_once and parts.closed):  # else it has all that it needs
            await asyncio.shield(run_sync(jobs.break_off, opened, error, parts, at_once))
        raise


async def _outcome(task: asyncio.Task[T]) -> T | None:
    """Wait for what cannot be stopped, and return what came of it; None where it failed."""
    await asyncio.wait({task})
    return None if task.cancelled() or task.exception() else task.result()


def _submit_whole(
    jobs: Jobs,
    job: Job,
    options: ReconstructOptions,
    caller: Caller,
    parts: PartWriter,
    receiver: "Receiver",
) -> str:
    """Queue a job whose video has arrived; or find the one that was queued before."""
    receiver.write_rest()
    parts.close()
    prepared = jobs.prepare(options, caller, receiver.size_bytes, earlier=job)
    if caller.idempotency_key is not None:
        prepared = with_digest(prepared, receiver.sha256)
    job_id = jobs.submit(prepared, caller)
    if job_id != job.id:
        jobs.discard(job)
    return job_id


class Parts(Protocol):
    """Takes a video in order, as `service.upload_parts.PartWriter` does."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take bytes, or none, only to let what has waited long enough be written."""


class Receiver:
    """Measures, hashes and hands on what arrives of a video; hashing and writing in threads.

    Args:
        parts: Where to.
        max_bytes: Largest video that is taken.
        hashed: Whether `sha256` is wanted: two seconds of a core for 2 GB.
        admitted: Nothing is handed on before this is done; what it raises, `flush` does.

    Attributes:
        size_bytes: Of the video so far.
    """

    def __init__(
        self,
        parts: Parts,
        max_bytes: int,
        *,
        hashed: bool = True,
        admitted: asyncio.Task[Any] | None = None,
    ) -> None:
        self.size_bytes = 0
        self._admitted = admitted
        self._parts = parts
        self._max_bytes = max_bytes
        self._gathered = bytearray()
        self._since_s = 0.0
        self._hash = hashlib.sha256() if hashed else None

    @property
    def sha256(self) -> str:
        """Of what was flushed."""
        assert self._hash is not None
        return self._hash.hexdigest()

    async def add(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLargeError: `upload_too_large`.
            StoreFullError, StoreUnavailableError: They cannot be written.
            RemocapError: What `admitted` raised.
        """
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if not self._gathered:
            self._since_s = time.monotonic()
        self._gathered += data
        if len(self._gathered) >= GATHER_BYTES or time.monotonic() - self._since_s >= PAUSE_S:
            await self.flush()  # a source that is slow and steady never pauses

    async def flush(self) -> None:
        """Hand on what was gathered; without any, give older bytes the time to be written."""
        if self._admitted is not None:
            await asyncio.shield(self._admitted)
        await run_sync(self.write_rest)

    def write_rest(self) -> None:
        """Do what `flush` does, in a thread of the caller's."""
        data, self._gathered = self._gathered, bytearray()
        if self._hash is not None:
            self._hash.update(data)
        UPLOADED_BYTES.inc(len(data))
        self._parts.write(data)  # which takes it over


def too_large(max_bytes: int) -> TooLargeError:
    """Return the error for a video above the limit."""
    return TooLargeError(
        "upload_too_large",
        f"the video is larger than {max_bytes / 1e6:.0f} MB; send a shorter one or one of a lower "
        "bit rate, or raise REMOCAP_MAX_UPLOAD_BYTES",
    )


async def receive(stream: AsyncIterator[bytes], body: Body, receiver: Receiver) -> dict[str, str]:
    """Read a request's body to its end, and return the fields that came beside the video.

    What came last is still gathered: `Receiver.write_rest` hands it on.

    Args:
        stream: The bytes as they arrive.
        body: Who reads them.
        receiver: Where the video goes.

    Raises:
        UploadError: The body cannot be read, is too large, or stops arriving
            (`upload_incomplete`).
        StoreFullError, StoreUnavailableError: The video cannot be written.
    """
    fields: dict[str, str] = {}
    async for data in _with_pauses(stream):
        for piece in body.feed(data):
            if isinstance(piece, Field):
                fields[piece.name] = piece.value
            else:
                await receiver.add(piece)
        if not data:
            await receiver.flush()
    body.close()
    return fields


async def _with_pauses(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what arrives; where nothing does for a while, nothing."""
    idle_s = 0.0
    coming: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(stream))
            await asyncio.wait({coming}, timeout=PAUSE_S)
            if not coming.done():
                idle_s += PAUSE_S
                if idle_s >= STALL_S:
                    raise incomplete(f"nothing arrived for {STALL_S:.0f} s")
                yield b""
                continue
            data, coming, idle_s = coming.result(), None, 0.0
            if data is None:
                return
            if data:
                yield data
    finally:
        if coming is not None:
            coming.cancel()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


def incomplete(why: str) -> UploadError:
    """Return the error for an upload that broke off."""
    return UploadError(
        "upload_incomplete", f"the video did not arrive whole ({why}); send it again"
    )
