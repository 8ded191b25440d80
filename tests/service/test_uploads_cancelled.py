"""A request that is cancelled while its job is queued leaves a whole job, or nothing of it."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from service.body import RawBody
from service.broker import Broker
from service.jobs import Caller, Jobs
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
