"""Clips with workers: who takes them, leases, fenced commits, and clips of jobs that end."""

import time

import pytest

from service.broker import Broker
from tests.service.cases import (
    KEY,
    claim,
    new_clip,
    new_job,
    result_of,
    run_all,
    run_one,
    seal_all,
    sealed_job,
    silence,
    silence_worker,
    state_of,
    take,
)


def test_clips_are_taken_up_to_the_room(any_broker: Broker) -> None:
    sealed_job(any_broker, windows=[4, 4, 4])

    assert [d.request.windows for d in take(any_broker, room=9)] == [4, 4]
    assert [d.request.windows for d in take(any_broker, room=9)] == [4]
    assert take(any_broker) == []


def test_clip_larger_than_the_room_comes_alone(broker: Broker) -> None:
    sealed_job(broker, windows=[4, 4])

    assert [d.request.windows for d in take(broker, room=1)] == [4]


def test_only_clip_that_an_idle_worker_takes_has_begun(any_broker: Broker) -> None:
    sealed_job(any_broker)

    (begun,) = any_broker.take("worker-1", KEY, 4, is_idle=True)
    assert begun.started
    assert any_broker.started([begun]) == [begun]  # counts no second time
    silence(any_broker, [begun])
    (again,) = any_broker.take("worker-2", KEY, 4, is_idle=True)

    assert (again.attempts, again.alone, again.started) == (1, True, False)


def test_clip_that_had_begun_and_is_given_back_was_never_tried(broker: Broker) -> None:
    sealed_job(broker)
    broker.give_back(broker.take("worker-1", KEY, 4, is_idle=True))

    (again,) = broker.take("worker-1", KEY, 4)

    assert (again.attempts, again.alone) == (0, False)


def test_of_several_clips_none_has_begun(broker: Broker) -> None:
    sealed_job(broker, windows=[2, 2])

    assert [d.started for d in broker.take("worker-1", KEY, 4, is_idle=True)] == [False, False]


def test_clip_past_its_deadline_does_not_begin(broker: Broker) -> None:
    job = sealed_job(broker, deadline_s=time.time() - 1)

    (late,) = broker.take("worker-1", KEY, 4, is_idle=True)

    assert not late.started
    assert broker.started([late]) == []
    assert state_of(broker, job.id) == ("failed", "deadline_exceeded")


def test_take_waits_for_a_clip(broker: Broker) -> None:
    broker.announce("worker-1", KEY, 16)

    assert broker.take("worker-1", KEY, 4, block_ms=30) == []


def test_job_succeeds_with_its_last_commit(any_broker: Broker) -> None:
    job = sealed_job(any_broker, windows=[4, 4, 1])

    run_all(any_broker)

    assert state_of(any_broker, job.id) == ("succeeded", None)
    assert len(any_broker.results(job.id)) == 3


def test_job_does_not_end_before_it_is_decoded(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)
    seal_all(broker, task.lease, job, [4, 4], decoded=False)
    run_all(broker)

    assert state_of(broker, job.id) == ("running", None)


def test_late_commit_is_refused(any_broker: Broker) -> None:
    job = sealed_job(any_broker)
    (late,) = any_broker.started(take(any_broker, "worker-1"))
    silence(any_broker, [late])
    (second,) = any_broker.started(take(any_broker, "worker-2"))

    refused = any_broker.commit(late, result_of(late), 32)
    accepted = any_broker.commit(second, result_of(second), 32)

    assert (refused, accepted) == (False, True)
    assert any_broker.results(job.id) == {late.request.clip: result_of(second)}


def test_commit_after_the_lease_is_refused_even_if_nobody_took_over(broker: Broker) -> None:
    sealed_job(broker)
    (late,) = broker.started(take(broker))
    silence(broker, [late])

    assert not broker.commit(late, "r", 32)


def test_same_worker_taking_a_clip_again_holds_another_lease(broker: Broker) -> None:
    sealed_job(broker)
    (first,) = take(broker)
    silence(broker, [first])
    (second,) = take(broker)

    assert broker.renew([first, second]) == [second]


def test_commit_whose_reply_was_lost_can_be_repeated(broker: Broker) -> None:
    sealed_job(broker)
    (delivery,) = broker.started(take(broker))

    assert [broker.commit(delivery, "r", 32) for _ in range(2)] == [True, True]


def test_other_result_of_a_committed_clip_is_refused(broker: Broker) -> None:
    sealed_job(broker)
    (delivery,) = broker.started(take(broker))
    broker.commit(delivery, "r", 32)

    assert not broker.commit(delivery, "another", 32)


def test_renewed_clip_stays(broker: Broker) -> None:
    sealed_job(broker)
    deliveries = take(broker)
    silence(broker, deliveries, for_ms=9_000)

    assert broker.renew(deliveries) == deliveries
    silence(broker, deliveries, for_ms=9_000)
    assert take(broker, "worker-2") == []


def test_renewing_steals_nothing_back(any_broker: Broker) -> None:
    sealed_job(any_broker)
    late = take(any_broker, "worker-1")
    silence(any_broker, late)
    (new,) = take(any_broker, "worker-2")

    assert any_broker.renew(late) == []
    assert any_broker.commit(new, "r", 32)


@pytest.mark.parametrize("end", ["cancel", "erase"])
def test_no_clip_of_an_ended_job_starts(any_broker: Broker, end: str) -> None:
    job = sealed_job(any_broker, windows=[4] * 3)
    prefetched = take(any_broker, room=4)

    getattr(any_broker, end)(job.id)

    assert any_broker.started(prefetched) == []
    assert take(any_broker) == []
    assert not any_broker.commit(prefetched[0], "r", 32)


def test_no_clip_starts_after_the_deadline(broker: Broker) -> None:
    job = sealed_job(broker, deadline_s=1.0)

    assert broker.started(take(broker)) == []

    assert state_of(broker, job.id) == ("failed", "deadline_exceeded")


def test_clip_without_inputs_is_sealed_again(any_broker: Broker) -> None:
    job = sealed_job(any_broker, windows=[4, 4])
    lost, other = any_broker.started(take(any_broker))
    any_broker.commit(other, "r", 32)

    assert any_broker.input_lost(lost)

    assert state_of(any_broker, job.id) == ("running", None)
    seal_all(any_broker, claim(any_broker).lease, job, [4, 4])
    assert [d.request.clip for d in run_all(any_broker)] == [lost.request.clip]
    assert state_of(any_broker, job.id) == ("succeeded", None)


def test_entry_that_vanished_from_the_queue_harms_nobody(any_broker: Broker) -> None:
    sealed_job(any_broker, windows=[4])
    gone = take(any_broker)
    any_broker.redis.xdel(f"remocap:queue:{KEY}", gone[0].lease.split("/", maxsplit=1)[0])
    silence(any_broker, gone)

    assert take(any_broker, "worker-2") == []
    assert any_broker.renew(gone) == []


def test_vanished_worker_makes_no_room(broker: Broker) -> None:
    broker.announce("worker-1", KEY, 16)
    broker.announce("worker-2", KEY, 8)
    silence_worker(broker, "worker-1")

    broker.tick()

    (model,) = broker.models()
    assert (model.workers, model.batch_windows) == (1, 8)


def test_consumers_of_vanished_workers_go(any_broker: Broker) -> None:
    sealed_job(any_broker)
    for number in range(3):
        any_broker.announce(f"worker-{number}", KEY, 16)
    run_one(any_broker, "worker-0")
    any_broker.retire("worker-0", KEY)

    any_broker.tick()

    consumers = any_broker.redis.xinfo_consumers(f"remocap:queue:{KEY}", "workers")
    assert consumers == []


def test_model_is_known_from_the_first_job_on(broker: Broker) -> None:
    sealed_job(broker, windows=[4] * 20)

    (model,) = broker.models()

    assert (model.model_key, model.workers, model.batch_windows) == (KEY, 0, 0)
    assert (model.admitted_windows, model.waiting_windows) == (16, 64)
    assert model.oldest_s is not None


def test_batches_never_mix_models(broker: Broker) -> None:
    sealed_job(broker, windows=[4])
    other = new_job(weights_sha256="cd" * 32)
    broker.submit(other)
    seal_all(broker, claim(broker).lease, other, [4])

    assert [d.request.model_key for d in take(broker)] == [KEY]
    assert new_clip(other, 0).model_key != KEY
