"""Media tasks: turns, leases, fences, and what becomes of tasks whose holder vanishes."""

import pytest

from service.broker import Broker
from service.broker_types import Totals
from service.errors import LeaseLostError
from tests.service.cases import (
    KEY,
    claim,
    new_clip,
    new_job,
    run_all,
    seal_all,
    sealed_job,
    silence_task,
)


def test_nothing_to_claim(any_broker: Broker) -> None:
    assert any_broker.claim_task("media-1") is None


def test_claimed_job_runs(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)

    task = claim(broker)

    status = broker.status(job.id)
    assert (task.kind, task.job, task.attempts) == ("decode", job, 0)
    assert status is not None
    assert status.state == "running"
    assert status.started_s is not None


def test_tenants_take_turns(broker: Broker) -> None:
    for _ in range(4):
        broker.submit(new_job("busy"))
    broker.submit(new_job("quiet"))

    claimed = [claim(broker).job.tenant for _ in range(5)]

    assert claimed.index("quiet") <= 1


def test_tenants_oldest_job_goes_first(broker: Broker) -> None:
    jobs = [new_job() for _ in range(3)]
    for job in jobs:
        broker.submit(job)

    assert [claim(broker).job for _ in range(3)] == jobs


def test_claim_waits_for_a_job(broker: Broker) -> None:
    broker.redis.lpush("remocap:wake:decode", 1)  # a sign that tells nothing

    assert broker.claim_task("media-1", block_ms=50) is None


def test_only_kinds_with_a_free_slot_are_claimed(broker: Broker) -> None:
    broker.submit(new_job())

    assert broker.claim_task("media-1", ["export"]) is None


def test_silent_holder_loses_its_task(any_broker: Broker) -> None:
    job = new_job()
    any_broker.submit(job)
    first = claim(any_broker, "media-1")
    silence_task(any_broker, first.lease)

    second = claim(any_broker, "media-2")

    assert second.job == job
    assert second.attempts == 1
    assert not any_broker.renew_task(first.lease)
    assert any_broker.renew_task(second.lease)


def test_claims_of_a_task_that_was_made_anew_differ(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    first = claim(broker)
    seal_all(broker, first.lease, job, [4])
    (lost,) = broker.started(broker.take("worker-1", KEY, 4))
    broker.input_lost(lost)

    second = claim(broker)

    assert second.lease != first.lease
    assert not broker.renew_task(first.lease)


def test_lapsed_lease_is_lost_even_if_nobody_wants_it(broker: Broker) -> None:
    broker.submit(new_job())
    task = claim(broker)
    silence_task(broker, task.lease)

    assert not broker.renew_task(task.lease)


def test_task_of_a_crashed_child_is_ready_at_once_and_counts(broker: Broker) -> None:
    broker.submit(new_job())
    crashed = claim(broker)

    broker.vanished(crashed.lease)

    assert claim(broker).attempts == 1
    broker.vanished(crashed.lease)  # lost since, and no error


def test_late_holder_cannot_seal(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    late = claim(broker, "media-1")
    silence_task(broker, late.lease)
    claim(broker, "media-1")  # the same process may claim it again: the fence differs

    with pytest.raises(LeaseLostError):
        broker.seal(late.lease, new_clip(job, 0))


def test_clip_is_sealed_once(any_broker: Broker) -> None:
    job = new_job()
    any_broker.submit(job)
    task = claim(any_broker)

    sealed = [any_broker.seal(task.lease, new_clip(job, 0)) for _ in range(2)]

    assert sealed == [True, False]
    assert any_broker.unprocessed_windows(job.id) == 4


def test_committed_clip_is_not_sealed_again(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)
    broker.seal(task.lease, new_clip(job, 0))
    run_all(broker)

    assert broker.has_clip(job.id, new_clip(job, 0).clip)
    assert not broker.seal(task.lease, new_clip(job, 0))


def test_rerun_completes_what_the_first_run_began(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    first = claim(broker)
    seal_all(broker, first.lease, job, [4, 4], decoded=False)
    run_all(broker)
    silence_task(broker, first.lease)

    second = claim(broker)
    seal_all(broker, second.lease, job, [4, 4, 2])
    run_all(broker)

    status = broker.status(job.id)
    assert status is not None
    assert (status.state, status.clips_committed, status.windows) == ("succeeded", 3, 10)


def test_video_that_kills_its_holders_fails(any_broker: Broker) -> None:
    job = new_job()
    any_broker.submit(job)

    for _ in range(3):
        silence_task(any_broker, claim(any_broker).lease)
    assert any_broker.claim_task("media-1") is None

    status = any_broker.status(job.id)
    assert status is not None
    assert (status.state, status.code) == ("failed", "decode_crashed")


def test_holders_that_got_further_are_forgiven(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)

    for frames in range(10):
        task = claim(broker)
        broker.progress(task.lease, "decoding", {"frames": frames + 1})
        silence_task(broker, task.lease)

    assert claim(broker).job == job


def test_released_task_counts_no_attempt(broker: Broker) -> None:
    broker.submit(new_job())

    for _ in range(5):
        broker.release(claim(broker).lease)

    assert claim(broker).attempts == 0


def test_task_of_cancelled_job_is_lost(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)
    broker.cancel(job.id)

    with pytest.raises(LeaseLostError):
        broker.seal(task.lease, new_clip(job, 0))
    assert not broker.renew_task(task.lease)


def test_failed_decode_fails_the_job(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)

    broker.fail(claim(broker).lease, "undecodable_video", "it is a text")

    status = broker.status(job.id)
    assert status is not None
    assert (status.state, status.code, status.message) == (
        "failed",
        "undecodable_video",
        "it is a text",
    )


def test_video_without_people_fails(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)

    state = broker.decoded(claim(broker).lease, Totals(frames=50, people=0, clips=0))

    status = broker.status(job.id)
    assert state == "failed"
    assert status is not None
    assert (status.code, status.frames) == ("no_person_found", 50)


def test_seals_that_redis_lost_are_made_again(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)
    broker.seal(task.lease, new_clip(job, 0))

    state = broker.decoded(task.lease, Totals(frames=64, people=1, clips=2))
    seal_all(broker, claim(broker).lease, job, [4, 4])
    run_all(broker)

    status = broker.status(job.id)
    assert state == "running"
    assert status is not None
    assert status.state == "succeeded"


def test_progress_is_seen_at_once_and_told_seldom(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)

    for frames in range(1, 31):
        broker.progress(task.lease, "decoding", {"frames": frames, "expected": 100})

    status = broker.status(job.id)
    assert status is not None
    assert (status.frames, status.frames_expected) == (30, 100)
    assert len([e for e in broker.events(job.id) if e.kind == "decoding"]) == 1


def test_person_is_found_once(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)

    for _ in range(2):
        broker.seal(task.lease, new_clip(job, 0), track=1)
    broker.seal(task.lease, new_clip(job, 1), track=2)

    found = [e.data["track"] for e in broker.events(job.id) if e.kind == "person_found"]
    status = broker.status(job.id)
    assert found == [1, 2]
    assert status is not None
    assert status.people == 2


def test_reservation_is_corrected_once_the_video_is_known(broker: Broker) -> None:
    broker.submit(new_job(estimated_gpu_s=100))
    task = claim(broker)

    broker.reserve(task.lease, 7)

    assert broker.census().reserved_gpu_s == 7


def test_decoding_sees_what_waits(broker: Broker) -> None:
    job = sealed_job(broker, windows=[4] * 10)
    run = broker.started(broker.take("worker-1", KEY, 4))
    broker.commit(run[0], "r", 32)

    assert broker.unprocessed_windows(job.id) == 36
