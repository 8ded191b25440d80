"""Clips that a worker cannot answer, need not, or must not."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from service.broker import Broker
from service.clip_file import pack_rows, unpack_clip
from service.sleeping import NO_NUMBER, RAISE, FaultSettings, FaultyRunner
from service.store import Store, clip_path, result_path
from tests.load.fleet import wait_for
from tests.service.live_worker import Start, starting, wait_until
from tests.service.runners import toy
from tests.service.sealed import SLEEPING, make_clip, name_of, seal_job

FAULTS = FaultSettings(faults=True)


@pytest.fixture
def start(redis_address: str, store: Store) -> Iterator[Start]:
    with starting(redis_address, store) as begin:
        yield begin


def test_a_clip_that_raises_fails_its_job_and_names_the_frames(
    broker: Broker, store: Store, start: Start
) -> None:
    bad = seal_job(broker, store, [make_clip(0), make_clip(1, fault=RAISE)])
    good = seal_job(broker, store, [make_clip(track_id=2)])

    start(FaultyRunner(toy(), FAULTS))
    wait_until(broker, bad, "failed")
    wait_until(broker, good, "succeeded")

    status = broker.status(bad)
    assert status is not None
    assert status.code == "clip_failed"
    assert "frames 8 to 15" in str(status.message)
    assert [dead.request.clip for dead in broker.dead_clips()] == [name_of(make_clip(1))]


def test_an_answer_without_numbers_fails_its_job(
    broker: Broker, store: Store, start: Start
) -> None:
    job_id = seal_job(broker, store, [make_clip(fault=NO_NUMBER)])

    start(FaultyRunner(toy(), FAULTS))
    wait_until(broker, job_id, "failed")

    status = broker.status(job_id)
    assert status is not None
    assert status.code == "bad_output"


def test_a_damaged_clip_fails_its_job(broker: Broker, store: Store, start: Start) -> None:
    job_id = seal_job(broker, store, [make_clip()])
    store.put(clip_path(job_id, name_of(make_clip())), b"not a clip")

    start(toy())
    wait_until(broker, job_id, "failed")

    status = broker.status(job_id)
    assert status is not None
    assert status.code == "damaged_object"


def test_a_clip_that_cannot_be_read_in_a_way_nobody_thought_of_fails_its_job(
    broker: Broker, store: Store, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.clip_loader.unpack_clip", break_down)
    job_id = seal_job(broker, store, [make_clip()])

    start(toy())
    wait_until(broker, job_id, "failed")


def test_a_clip_past_its_deadline_is_not_begun(broker: Broker, store: Store, start: Start) -> None:
    late = replace(SLEEPING, deadline_s=time.time() - 1)
    job_id = seal_job(broker, store, [make_clip()], late)
    runner = toy()

    start(runner)
    wait_until(broker, job_id, "failed")

    assert runner.batches == [1, 1, 2, 4]  # warming up


def test_a_result_whose_commit_was_forgotten_is_found_and_committed(
    broker: Broker, store: Store, start: Start
) -> None:
    from model.clip_rows import keep_rows

    clip = make_clip()
    job_id = seal_job(broker, store, [clip])
    inputs = clip_path(job_id, name_of(clip))
    rows = keep_rows(unpack_clip(store.get(inputs)), toy().predict(clip.inputs))
    store.put(result_path(job_id, name_of(clip), "earlier"), pack_rows(rows))
    store.delete(inputs)

    start(toy())
    wait_until(broker, job_id, "succeeded")

    assert list(broker.results(job_id).values()) == [result_path(job_id, name_of(clip), "earlier")]


def test_a_clip_without_inputs_is_sealed_again(broker: Broker, store: Store, start: Start) -> None:
    job_id = seal_job(broker, store, [make_clip()])
    store.delete(clip_path(job_id, name_of(make_clip())))

    start(toy())

    wait_for(lambda: (broker.claim_task("media", ("decode",))) is not None)
