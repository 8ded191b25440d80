"""What is left of an upload, however it ends: a whole job, one that fails, or nothing."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from service import receiving
from service.body import Body, FormBody, RawBody
from service.broker import Broker
from service.errors import BrokerUnavailableError, OverCapacityError, StoreFullError
from service.jobs import PUBLIC, Caller, Jobs
from service.messages import Job
from service.options import ReconstructOptions
from service.receiving import GATHER_BYTES
from service.settings import Settings
from service.store import Store, end_path
from service.upload_parts import PartWriter, read_parts
from service.uploads import Upload, take_in
from tests.load.fleet import wait_for

VIDEO = b"a video" * 1000
FORM = (
    b'--x\r\nContent-Disposition: form-data; name="video"; filename="a.mp4"\r\n\r\n'
    + VIDEO
    + b"\r\n--x--\r\n"
)
ANYBODY, KEYED = Caller(), Caller(idempotency_key="once")
Taken = tuple[str, ReconstructOptions]


async def arriving(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def pausing() -> AsyncIterator[bytes]:
    """A form that stops for longer than is waited for in the middle of its video."""
    yield FORM[:200]
    await asyncio.sleep(4 * receiving.PAUSE_S)
    yield FORM[200:]


def small_form(stream: AsyncIterator[bytes] | None = None) -> Upload:
    return Upload(stream or arriving(FORM), FormBody("x"), len(FORM))


def large(body: Body, content: bytes) -> Upload:
    """An upload that says it is larger than it is, so that it is admitted first."""
    return Upload(arriving(content), body, 2 * GATHER_BYTES)


def take(
    jobs: Jobs,
    upload: Upload,
    caller: Caller = ANYBODY,
    queued: Callable[[str], None] = lambda _job_id: None,
) -> Coroutine[Any, Any, Taken]:
    options = ReconstructOptions.model_validate({})
    return take_in(jobs, upload, options, caller, queued=queued)


async def cancelled(
    taking: Coroutine[Any, Any, Taken], reached: threading.Event, go: threading.Event
) -> None:
    """Cancel what takes a video in while it is held up, then let it go on."""
    task = asyncio.create_task(taking)
    assert await asyncio.to_thread(reached.wait, 10)
    task.cancel()
    await asyncio.sleep(0.1)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await task


class Held:
    """Holds a method up until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kind: type, name: str) -> None:
        self.reached, self.go = threading.Event(), threading.Event()
        real = getattr(kind, name)

        def held(*args: Any, **kwargs: Any) -> Any:
            self.reached.set()
            assert self.go.wait(10)
            return real(*args, **kwargs)

        monkeypatch.setattr(kind, name, held)


@pytest.fixture
def jobs(settings: Settings, store: Store, broker: Broker) -> Jobs:
    return Jobs(settings, store, broker)


@pytest.fixture
def full_jobs(settings: Settings, store: Store, broker: Broker) -> Jobs:
    """Jobs of a service that takes no more than the one that waits."""
    jobs = Jobs(settings.model_copy(update={"max_queued_gpu_s": 1e-3}), store, broker)
    jobs.submit(jobs.prepare(ReconstructOptions.model_validate({}), Caller(), 10**6))
    return jobs


def assert_queued(job_id: str, broker: Broker, store: Store) -> None:
    status = broker.status(job_id)
    assert status is not None
    assert status.state == "queued"
    assert Job.decode(store.get(f"jobs/{job_id}/job.json")) == status.job
    assert b"".join(read_parts(store, job_id)) == VIDEO


def assert_nothing_left(broker: Broker, store: Store) -> None:
    assert list(store.entries("jobs/")) == []
    assert broker.census().reserved_gpu_s == 0


UPLOADS = {
    "a small form": lambda: (small_form(), ANYBODY),
    "a small form with a key": lambda: (small_form(), KEYED),
    "a large form": lambda: (large(FormBody("x"), FORM), ANYBODY),
    "a video with a key": lambda: (large(RawBody(), VIDEO), KEYED),
    "a video": lambda: (large(RawBody(), VIDEO), ANYBODY),
}
every_upload = pytest.mark.parametrize("make", UPLOADS.values(), ids=list(UPLOADS))
Make = Callable[[], tuple[Upload, Caller]]


@every_upload
def test_a_video_is_whole_and_its_job_queued(
    jobs: Jobs, store: Store, broker: Broker, make: Make
) -> None:
    told: list[str] = []
    upload, caller = make()

    job_id, _ = asyncio.run(take(jobs, upload, caller, told.append))

    assert told == [job_id]
    assert_queued(job_id, broker, store)


@every_upload
def test_a_request_cancelled_as_its_video_is_closed_leaves_a_whole_job(
    jobs: Jobs, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch, make: Make
) -> None:
    told: list[str] = []
    held = Held(monkeypatch, PartWriter, "close")
    upload, caller = make()

    asyncio.run(cancelled(take(jobs, upload, caller, told.append), held.reached, held.go))

    (job_id,) = told
    assert_queued(job_id, broker, store)


@pytest.mark.parametrize("caller", [ANYBODY, KEYED])
def test_a_request_cancelled_while_it_is_admitted_gives_back_what_it_reserved(
    jobs: Jobs,
    store: Store,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    caller: Caller,
) -> None:
    held = Held(monkeypatch, Jobs, "open")

    asyncio.run(cancelled(take(jobs, large(RawBody(), VIDEO), caller), held.reached, held.go))

    assert_nothing_left(broker, store)


def test_a_request_cancelled_while_its_job_is_queued_at_once_leaves_one_that_fails(
    jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, Jobs, "queue")

    asyncio.run(cancelled(take(jobs, large(RawBody(), VIDEO)), held.reached, held.go))

    (status,) = broker.list_jobs(PUBLIC)
    assert (status.state, status.code) == ("failed", "upload_incomplete")


@pytest.mark.parametrize("stream", [lambda: arriving(FORM), pausing])
def test_of_a_small_form_that_is_refused_nothing_is_left(
    full_jobs: Jobs,
    store: Store,
    broker: Broker,
    monkeypatch: pytest.MonkeyPatch,
    stream: Callable[[], AsyncIterator[bytes]],
) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.05)
    stored, reserved_s = set(store.entries("jobs/")), broker.census().reserved_gpu_s

    with pytest.raises(OverCapacityError):
        asyncio.run(take(full_jobs, small_form(stream())))

    assert set(store.entries("jobs/")) == stored
    assert broker.census().reserved_gpu_s == reserved_s


def test_who_was_refused_is_known_when_the_same_form_comes_back_with_a_pause(
    full_jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.05)
    size_bytes = len(FORM) + 100_000  # more than its video: what is about it counts as well

    for stream in (arriving(FORM), pausing()):
        with pytest.raises(OverCapacityError):
            asyncio.run(take(full_jobs, Upload(stream, FormBody("x"), size_bytes)))

    assert len(list(broker.redis.scan_iter("remocap:tickets:*"))) == 1


def test_a_small_form_that_pauses_is_admitted_before_the_rest_of_it_comes(
    jobs: Jobs, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.05)

    async def held_back() -> AsyncIterator[bytes]:
        yield FORM[:200]
        await asyncio.to_thread(wait_for, lambda: broker.census().reserved_gpu_s > 0, 10)
        yield FORM[200:]

    job_id, _ = asyncio.run(take(jobs, small_form(held_back())))

    assert_queued(job_id, broker, store)


def out_of_room(*_: object) -> None:
    raise StoreFullError("disk_full", "no room")


@pytest.mark.parametrize("method", [(PartWriter, "close"), (Jobs, "record")])
def test_a_small_form_that_finds_no_room_once_it_is_queued_fails_as_its_request_does(
    jobs: Jobs, broker: Broker, monkeypatch: pytest.MonkeyPatch, method: tuple[type, str]
) -> None:
    monkeypatch.setattr(*method, out_of_room)

    with pytest.raises(StoreFullError):
        asyncio.run(take(jobs, small_form()))

    (status,) = broker.list_jobs(PUBLIC)
    assert (status.state, status.code) == ("failed", "disk_full")
    assert broker.census().reserved_gpu_s == 0


@pytest.mark.parametrize("method", [(PartWriter, "close"), (Jobs, "record")])
def test_a_request_with_a_key_that_found_no_room_may_be_made_again(
    jobs: Jobs, store: Store, broker: Broker, method: tuple[type, str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*method, out_of_room)
        with pytest.raises(StoreFullError):
            asyncio.run(take(jobs, small_form(), KEYED))
    assert_nothing_left(broker, store)

    job_id, _ = asyncio.run(take(jobs, small_form(), KEYED))

    assert_queued(job_id, broker, store)


class LostReply(Jobs):
    """Jobs whose queue takes a job, and whose answer is lost with all that comes after it."""

    def queue(self, job: Job, caller: Caller) -> str:
        super().queue(job, caller)
        raise BrokerUnavailableError("redis_unavailable", "gone")


def test_a_job_that_was_queued_without_an_answer_fails(
    settings: Settings, store: Store, broker: Broker
) -> None:
    with pytest.raises(BrokerUnavailableError):
        asyncio.run(take(LostReply(settings, store, broker), small_form()))

    (status,) = broker.list_jobs(PUBLIC)
    assert (status.state, status.code) == ("failed", "redis_unavailable")


def test_while_redis_is_away_the_decoder_is_told_by_the_end_of_the_video(
    settings: Settings, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise BrokerUnavailableError("redis_unavailable", "gone")

    monkeypatch.setattr(Broker, "fail_job", away)
    with pytest.raises(BrokerUnavailableError):
        asyncio.run(take(LostReply(settings, store, broker), small_form()))

    (status,) = broker.list_jobs(PUBLIC)
    assert b"redis_unavailable" in store.get(end_path(status.job.id))


def test_under_a_key_a_job_that_was_queued_without_an_answer_is_found_again(
    settings: Settings, jobs: Jobs, store: Store, broker: Broker
) -> None:
    with pytest.raises(BrokerUnavailableError):
        asyncio.run(take(LostReply(settings, store, broker), small_form(), KEYED))
    (first,) = broker.list_jobs(PUBLIC)

    job_id, _ = asyncio.run(take(jobs, small_form(), KEYED))

    assert job_id == first.job.id
    assert_queued(job_id, broker, store)


def test_of_a_job_that_was_deleted_while_its_video_was_stored_none_is_left(
    jobs: Jobs, store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, PartWriter, "close")

    async def run() -> str:
        task = asyncio.create_task(take(jobs, small_form()))
        assert await asyncio.to_thread(held.reached.wait, 10)
        (status,) = broker.list_jobs(PUBLIC)
        jobs.delete(status.job.id, ANYBODY)
        held.go.set()
        return (await task)[0]

    job_id = asyncio.run(run())

    assert list(store.entries(f"jobs/{job_id}/upload/")) == []
