"""A video on its way from a client's connection into the store, never whole in memory.

    bytes of the request -> pieces (service.body) -> service.receiving
        -> parts in the store (service.upload_parts)

A video that comes alone is queued at once and worked on while it arrives. One in a form is queued
when the form is complete, as options may follow it; so is one with an idempotency key, as only the
whole video tells whether the request is the same as an earlier one. If it is small as well, it is
admitted only then, in the same call, and stored while others hear of its job.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from anyio.to_thread import run_sync

from service.body import Body
from service.jobs import Caller, Jobs, new_job_id, with_digest
from service.limits import kept
from service.messages import Job
from service.options import ReconstructOptions, with_fields
from service.receiving import GATHER_BYTES, Receiver, receive, too_large
from service.upload_parts import PartWriter

T = TypeVar("T")

FORM_BYTES = 2**20  # that a form may hold beside the video


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
        """Whether it may lie in memory until it is known whether it is taken."""
        return self.size_bytes is not None and self.size_bytes < GATHER_BYTES


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

    It is refused before its body is read where too much is waiting, unless the body is small and
    comes without a pause. Whatever is raised, nothing of the upload is left but a job that was
    queued before, which fails. `queued` is told the id as soon as the job is in the queue, which
    may be long before its video is whole.

    Raises:
        UsageError: As `Jobs.prepare`, or an option in the form is wrong.
        UploadError: As `receive`.
        LaterError: Not now, or no room is left.
    """
    max_bytes = jobs.settings.max_upload_bytes
    if upload.size_bytes is not None and upload.size_bytes > max_bytes + FORM_BYTES:
        raise too_large(max_bytes)
    job_id, is_keyed = new_job_id(time.time()), caller.idempotency_key is not None
    opening = _Opening(partial(jobs.open, options, caller, upload.size_bytes, job_id))
    parts = PartWriter(jobs.store, job_id)
    receiver = Receiver(parts, max_bytes, hashed=is_keyed, admit=opening.job)
    whole: asyncio.Task[str] | None = None
    at_once = not upload.body.may_have_fields and not is_keyed
    try:
        if at_once or not upload.is_small:
            job = await opening.job()
        if at_once:
            await run_sync(jobs.submit, job, caller)
            queued(job_id)
        async with kept(jobs.broker, job_id):
            fields = await receive(upload.stream, upload.body, receiver)
            if not at_once:
                options = with_fields(options, fields)
                opened = await opening.job() if opening.has_begun else None
                video = _Video(job_id, receiver, parts)
                submit = partial(_submit, jobs, video, options, caller, opened)
                whole = asyncio.create_task(run_sync(submit))
                job_id = await asyncio.shield(whole)  # in a thread, it ends in any case
                queued(job_id)
                return job_id, options
            await run_sync(receiver.write_rest)
            await run_sync(parts.close)
        await run_sync(jobs.correct, job, receiver.size_bytes)
        return job_id, options
    except BaseException as error:
        opened = await opening.outcome()
        if whole is not None and (submitted := await _outcome(whole)):
            queued(submitted)
        elif opened is not None and not (at_once and parts.closed):  # else it has all that it needs
            await asyncio.shield(run_sync(jobs.break_off, opened, error, parts, at_once))
        raise


class _Opening:
    """The admission of a video: asked for once, when it is first wanted, and not broken off.

    Args:
        open_job: Blocks.
    """

    def __init__(self, open_job: Callable[[], Job]) -> None:
        self._open = open_job
        self._task: asyncio.Task[Job] | None = None

    @property
    def has_begun(self) -> bool:
        """Whether it was asked for."""
        return self._task is not None

    async def job(self) -> Job:
        """Return the job, or raise what `open_job` does."""
        self._task = self._task or asyncio.create_task(run_sync(self._open))
        return await asyncio.shield(self._task)

    async def outcome(self) -> Job | None:
        """Return the job that was admitted, if one was."""
        return await _outcome(self._task) if self._task else None


async def _outcome(task: asyncio.Task[T]) -> T | None:
    """Wait for what cannot be stopped, and return what came of it; None where it failed."""
    await asyncio.wait({task})
    return None if task.cancelled() or task.exception() else task.result()


@dataclass(frozen=True)
class _Video:
    """A video that has arrived: for which job, what is still in memory, where the rest is."""

    job_id: str
    receiver: Receiver
    parts: PartWriter

    def store(self) -> None:
        self.receiver.write_rest()
        self.parts.close()

    def job(
        self, jobs: Jobs, options: ReconstructOptions, caller: Caller, opened: Job | None = None
    ) -> Job:
        """Return the job as it is submitted; `opened` is the same as it was admitted."""
        job = jobs.prepare(options, caller, self.receiver.size_bytes, self.job_id, earlier=opened)
        if caller.idempotency_key is None:
            return job
        return with_digest(job, self.receiver.sha256)


def _submit(
    jobs: Jobs, video: _Video, options: ReconstructOptions, caller: Caller, opened: Job | None
) -> str:
    """Queue a job whose video has arrived; or find the one that was queued before."""
    if opened is None:
        return _submit_from_memory(jobs, video, options, caller)
    video.store()
    job = video.job(jobs, options, caller, opened)
    job_id = jobs.submit(job, caller)
    if job_id != job.id:
        jobs.discard(job)
    return job_id


def _submit_from_memory(
    jobs: Jobs, video: _Video, options: ReconstructOptions, caller: Caller
) -> str:
    """Do the same for a video that was not admitted yet; the queue need not wait for the store."""
    job = video.job(jobs, options, caller)
    job_id = jobs.queue(job, caller)
    if job_id == job.id:
        try:
            video.store()
            jobs.record(job)
        except BaseException as error:
            jobs.break_off(job, error, video.parts, queued=True)
            raise
    return job_id
