"""A request that is cancelled while its job is queued leaves a whole job, or nothing of it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest

from service.body import RawBody
from service.broker import Broker
from service.errors import OverCapacityError, StoreFullError
from service.jobs import PUBLIC, Caller, Jobs
from service.messages import Job
from service.options import ReconstructOptions
from service.receiving import GATHER_BYTES, PAUSE_S
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
    """Jobs whose admission is held up."""

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        super().__init__(settings, store, broker)
        self.reached, self.go = threading.Event(), threading.Event()

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


def take(jobs: Jobs, stream: AsyncIterator[bytes], size_bytes: int) -> asyncio.Task[object]:
    """Take in a video whose request carries an idempotency key."""
    upload, caller = Upload(stream, RawBody(), size_bytes), Caller(idempotency_key="once")
    return asyncio.create_task(take_in(jobs, upload, ReconstructOptions.model_validate({}), caller))


def fill_queue(jobs: Jobs) -> None:
    """Have a job wait, so that no other is let in."""
    job = jobs.prepare(ReconstructOptions.model_validate({}), Caller(), 10**6)
    jobs.submit(job)


@pytest.fixture
def full_jobs(settings: Settings, store: Store, broker: Broker) -> Jobs:
    """Jobs of a service that takes no more than one."""
    jobs = Jobs(settings.model_copy(update={"max_queued_gpu_s": 1e-3}), store, broker)
    fill_queue(jobs)
    return jobs


async def pausing() -> AsyncIterator[bytes]:
    yield VIDEO[:1]
    await asyncio.sleep(2 * PAUSE_S)
    yield VIDEO[1:]


@pytest.mark.parametrize("stream", [whole, pausing])
def test_of_a_small_video_that_is_refused_nothing_is_left(
    full_jobs: Jobs, store: Store, broker: Broker, stream: Callable[[], AsyncIterator[bytes]]
) -> None:
    stored, reserved_s = set(store.entries("jobs/")), broker.census().reserved_gpu_s

    async def refuse() -> None:
        with pytest.raises(OverCapacityError):
            await take(full_jobs, stream(), len(VIDEO))

    asyncio.run(refuse())

    assert set(store.entries("jobs/")) == stored
    assert broker.census().reserved_gpu_s == reserved_s


def test_a_small_video_that_pauses_is_admitted_before_the_rest_of_it_comes(
    settings: Settings, store: Store, broker: Broker
) -> None:
    reserved_s: list[float] = []

    async def watched() -> AsyncIterator[bytes]:
        yield VIDEO[:1]
        await asyncio.sleep(2 * PAUSE_S)
        reserved_s.append(broker.census().reserved_gpu_s)
        yield VIDEO[1:]

    async def run() -> object:
        return await take(Jobs(settings, store, broker), watched(), len(VIDEO))

    job_id, _ = asyncio.run(run())  # type: ignore[misc]  # as `take_in` returns it

    assert reserved_s[0] > 0
    assert b"".join(read_parts(store, job_id)) == VIDEO


def test_a_request_that_is_cancelled_while_it_is_admitted_gives_back_what_it_reserved(
    settings: Settings, store: Store, broker: Broker
) -> None:
    held_jobs = HeldAdmission(settings, store, broker)

    async def cancel() -> None:
        taking = take(held_jobs, whole(), 2 * GATHER_BYTES)
        await asyncio.to_thread(held_jobs.reached.wait, 10)
        taking.cancel()
        await asyncio.sleep(0.1)
        held_jobs.go.set()
        with pytest.raises(asyncio.CancelledError):
            await taking

    asyncio.run(cancel())

    assert list(store.entries("jobs/")) == []
    assert broker.census().reserved_gpu_s == 0


def test_a_job_whose_video_finds_no_room_after_it_was_queued_fails_as_the_request_does(
    settings: Settings, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_writer: PartWriter) -> int:
        raise StoreFullError("disk_full", "no room")

    monkeypatch.setattr(PartWriter, "close", full)
    jobs = Jobs(settings, store, broker)

    async def run() -> None:
        with pytest.raises(StoreFullError):
            await take(jobs, whole(), len(VIDEO))

    asyncio.run(run())

    (status,) = broker.list_jobs(PUBLIC)
    assert (status.state, status.code) == ("failed", "disk_full")
