"""A request that is cancelled while its job is queued leaves a whole job, or nothing of it."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from service.body import RawBody
from service.broker import Broker
from service.errors import OverCapacityError
from service.jobs import Caller, Jobs
from service.messages import Job
from service.options import ReconstructOptions
from service.settings import Settings
from service.store import Store, end_path
from service.upload_parts import PartWriter, read_parts
from service.uploads import Upload, take_in

VIDEO = b"a video" * 1000


class Held:
    """Holds up the end of an upload in the store."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        close = PartWriter.close

        def closing(writer: PartWriter) -> int:
            self.reached.set()
            assert self.go.wait(10)
            return close(writer)

        monkeypatch.setattr(PartWriter, "close", closing)


class HeldAdmission(Jobs):
    """Jobs whose admission is held up, and refused in the end if `refusal` is set."""

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        super().__init__(settings, store, broker)
        self.reached, self.go = threading.Event(), threading.Event()
        self.refusal: OverCapacityError | None = None

    def open(
        self,
        options: ReconstructOptions,
        caller: Caller,
        size_bytes: int | None,
        job_id: str | None = None,
    ) -> Job:
        """Return what `Jobs.open` does, later."""
        self.reached.set()
        assert self.go.wait(10)
        if self.refusal is not None:
            raise self.refusal
        return super().open(options, caller, size_bytes, job_id)


async def whole() -> AsyncIterator[bytes]:
    yield VIDEO


async def cancelled(jobs: Jobs, held: Held, told: list[str]) -> None:
    """Take a video in, and cancel that while its end is being written."""
    upload = Upload(whole(), RawBody(), len(VIDEO))
    caller = Caller(idempotency_key="once")
    taking = asyncio.create_task(
        take_in(jobs, upload, ReconstructOptions.model_validate({}), caller, queued=told.append)
    )
    await asyncio.to_thread(held.reached.wait, 10)
    taking.cancel()
    await asyncio.sleep(0.1)
    held.go.set()
    with pytest.raises(asyncio.CancelledError):
        await taking


def test_a_job_that_is_queued_all_the_same_has_its_video(
    settings: Settings, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    asyncio.run(cancelled(Jobs(settings, store, broker), Held(monkeypatch), told))

    (job_id,) = told
    status = broker.status(job_id)
    assert status is not None
    assert status.state == "queued"
    assert store.size(end_path(job_id)) is not None
    assert b"".join(read_parts(store, job_id)) == VIDEO


def small_upload(jobs: Jobs, read: asyncio.Event) -> asyncio.Task[object]:
    """Take in a small video that waits for its admission; `read` is set when its end is read."""

    async def arriving() -> AsyncIterator[bytes]:
        yield VIDEO
        read.set()

    upload, caller = Upload(arriving(), RawBody(), len(VIDEO)), Caller(idempotency_key="once")
    return asyncio.create_task(take_in(jobs, upload, ReconstructOptions.model_validate({}), caller))


@pytest.fixture
def held_jobs(settings: Settings, store: Store, broker: Broker) -> HeldAdmission:
    return HeldAdmission(settings, store, broker)


def test_a_small_video_that_is_refused_was_not_stored(
    held_jobs: HeldAdmission, store: Store, broker: Broker
) -> None:
    async def refuse() -> None:
        read = asyncio.Event()
        taking = small_upload(held_jobs, read)
        await asyncio.wait_for(read.wait(), 10)
        held_jobs.refusal = OverCapacityError("service_over_limit", "later", 1.0)
        held_jobs.go.set()
        with pytest.raises(OverCapacityError):
            await taking

    asyncio.run(refuse())

    assert list(store.entries("jobs/")) == []
    assert broker.census().reserved_gpu_s == 0


def test_a_request_that_is_cancelled_while_it_is_admitted_gives_back_what_it_reserved(
    held_jobs: HeldAdmission, store: Store, broker: Broker
) -> None:
    async def cancel() -> None:
        taking = small_upload(held_jobs, asyncio.Event())
        await asyncio.to_thread(held_jobs.reached.wait, 10)
        taking.cancel()
        await asyncio.sleep(0.1)
        held_jobs.go.set()
        with pytest.raises(asyncio.CancelledError):
            await taking

    asyncio.run(cancel())

    assert list(store.entries("jobs/")) == []
    assert broker.census().reserved_gpu_s == 0
