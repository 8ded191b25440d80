"""A video on its way from a client's connection into the store; a large one is never in memory.

    bytes of the request -> pieces (service.body) -> service.receiving
        -> parts in the store (service.upload_parts)

A video that comes alone is queued at once and worked on while it arrives. One in a form is queued
when the form is complete, as options may follow it; so is one with an idempotency key, as only the
whole video tells whether the request is the same as an earlier one.

Room is reserved before a video is read. A small form without a pause is read first: then one call
to the queue finds room for its job and takes it, and the video is stored while others hear of it.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from service.body import Body
from service.errors import UnavailableError
from service.in_full import in_full
from service.jobs import Caller, Jobs, new_job_id, with_digest
from service.limits import kept
from service.messages import Job
from service.options import ReconstructOptions, with_fields
from service.receiving import GATHER_BYTES, Receiver, receive, too_large
from service.upload_parts import PartWriter

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

    It is refused before its body is read where too much is waiting, unless it is a small form that
    comes without a pause. Whatever is raised, nothing of the upload is left but a job that was
    queued before, which fails; or, once all of the video is there, which goes on. `queued` is told
    the id as soon as the job is in the queue, which may be long before its video is whole.

    Raises:
        UsageError: As `Jobs.prepare`, or an option in the form is wrong.
        UploadError: As `receive`.
        LaterError: Not now, or no room is left.
    """
    max_bytes = jobs.settings.max_upload_bytes
    if upload.size_bytes is not None and upload.size_bytes > max_bytes + FORM_BYTES:
        raise too_large(max_bytes)
    taking = _Taking(jobs, upload, options, caller, queued)
    try:
        await taking.run()
    except BaseException as error:
        await in_full(taking.break_off, error)
        if taking.is_whole:
            taking.tell()
        raise
    return taking.job_id, taking.options


class _Taking:
    """An upload that is taken in, and how far that is; what is not a coroutine blocks.

    Attributes:
        job_id: Of the job that does the work.
        options: Those of the form included, once it has been read.
        is_whole: Whether the job is queued and has all that it needs.
    """

    def __init__(
        self,
        jobs: Jobs,
        upload: Upload,
        options: ReconstructOptions,
        caller: Caller,
        queued: Callable[[str], None],
    ) -> None:
        self.job_id, self.options = new_job_id(time.time()), options
        self.is_whole = False
        self._jobs, self._upload, self._caller = jobs, upload, caller
        self._is_keyed = caller.idempotency_key is not None
        self._is_form = upload.body.may_have_fields
        self._parts = PartWriter(jobs.store, self.job_id)
        self._receiver = Receiver(
            self._parts,
            jobs.settings.max_upload_bytes,
            hashed=self._is_keyed,
            admit=self._admit_once,
        )
        self._job: Job | None = None  # as it was admitted or queued
        self._is_queued = False  # or may be
        self._hear: Callable[[str], None] | None = queued  # until it was called

    async def run(self) -> None:
        """Do all of it."""
        is_at_once = not (self._is_form or self._is_keyed)
        is_read_first = self._is_form and self._upload.is_small and not self._is_keyed
        if not is_read_first:
            await self._admit_once()
        if is_at_once:
            await in_full(self._queue_at_once)
            self.tell()
        async with kept(self._jobs.broker, self.job_id):
            fields = await receive(self._upload.stream, self._upload.body, self._receiver)
            self.options = with_fields(self.options, fields)
            if is_at_once:
                await in_full(self._end)
            elif self._job is None:
                await in_full(self._queue_and_store)
            else:
                await in_full(self._store_and_queue, self._job)
        self.tell()

    def tell(self) -> None:
        """Say that the job is queued, once."""
        hear, self._hear = self._hear, None
        if hear is not None:
            hear(self.job_id)

    def break_off(self, error: BaseException) -> None:
        """Free what came of it, unless that is a job which has all that it needs."""
        if self._job is not None and not self.is_whole:
            self._jobs.break_off(self._job, error, self._parts, self._is_queued)

    async def _admit_once(self) -> None:
        if self._job is None:
            await in_full(self._admit)

    def _admit(self) -> None:
        size_bytes = self._upload.size_bytes
        self._job = self._jobs.open(self.options, self._caller, size_bytes, self.job_id)

    def _queue_at_once(self) -> None:
        assert self._job is not None
        self._jobs.record(self._job)
        self._queue(self._job)

    def _end(self) -> None:
        """Store the rest of a video whose job is queued."""
        assert self._job is not None
        self._store()
        self.is_whole = True
        with suppress(UnavailableError):  # the decoder corrects it as well
            self._jobs.correct(self._job, self._receiver.size_bytes)
        self._tidy()

    def _queue_and_store(self) -> None:
        """Queue the job of a video that is in memory; a refusal leaves nothing to be freed."""
        job = self._jobs.prepare(self.options, self._caller, self._upload.size_bytes, self.job_id)
        self._queue(job)
        self._store()
        self._jobs.record(job)
        self.is_whole = True
        self._tidy()

    def _store_and_queue(self, opened: Job) -> None:
        """Queue the job of a video that was admitted, or find the one that was queued before."""
        self._store()
        size_bytes = self._receiver.size_bytes
        job = self._jobs.prepare(self.options, self._caller, size_bytes, earlier=opened)
        if self._is_keyed:
            job = with_digest(job, self._receiver.sha256)
        self._jobs.record(job)
        self._queue(job)
        if self.job_id != job.id:
            self._jobs.discard(job)
        self.is_whole = True

    def _store(self) -> None:
        self._receiver.write_rest()
        self._parts.close()

    def _tidy(self) -> None:
        """See to it that nothing is left where the job was deleted meanwhile."""
        with suppress(UnavailableError):
            self._jobs.tidy(self.job_id)

    def _queue(self, job: Job) -> None:
        try:
            self.job_id = self._jobs.queue(job, self._caller)
        except UnavailableError:  # it may be that only the reply was lost
            self._job, self._is_queued = job, True
            self.is_whole = self._is_keyed  # the same request finds it when it is made again
            raise
        self._job, self._is_queued = job, True
