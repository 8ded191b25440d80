"""Nobody starves: turns between tenants and jobs, and few clips in front of a newcomer."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.broker import Broker
from tests.service.cases import KEY, run_all, run_one, sealed_job, silence_worker

BATCH = 16


def admitted(broker: Broker) -> int:
    (model,) = broker.models()
    return model.admitted_windows


def test_queue_holds_three_batches_of_all_workers(any_broker: Broker) -> None:
    for number in range(2):
        any_broker.announce(f"worker-{number}", KEY, BATCH)

    sealed_job(any_broker, windows=[4] * 100)

    assert admitted(any_broker) == 2 * 3 * BATCH


def test_what_is_prefetched_counts_as_queued(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    sealed_job(broker, windows=[4] * 100)

    held = [broker.take("worker-1", KEY, BATCH) for _ in range(4)]

    assert [len(batch) for batch in held] == [4, 4, 4, 0]
    assert admitted(broker) == 3 * BATCH


def test_commit_lets_the_next_clip_in(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    sealed_job(broker, windows=[4] * 100)

    run_one(broker, room=8)

    assert admitted(broker) == 3 * BATCH


def test_clip_larger_than_the_queue_may_hold_goes_through(broker: Broker) -> None:
    broker.announce("worker-1", KEY, 1)
    sealed_job(broker, windows=[4] * 5)

    assert len(run_all(broker)) == 5


def test_queue_goes_on_when_all_workers_vanish_and_one_returns(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    sealed_job(broker, windows=[4] * 30)
    broker.take("worker-1", KEY, BATCH)
    silence_worker(broker, "worker-1")
    broker.tick()

    broker.announce("worker-2", KEY, BATCH)

    assert len(run_all(broker, "worker-2", BATCH)) == 26, "all but the 4 that worker-1 holds"


def test_short_jobs_do_not_wait_for_a_long_one(any_broker: Broker) -> None:
    any_broker.announce("worker-1", KEY, BATCH)
    long = sealed_job(any_broker, windows=[4] * 400)
    short = {sealed_job(any_broker, windows=[4] * 8).id for _ in range(10)}

    order = [delivery.request.job for delivery in run_all(any_broker, room=BATCH)]

    last = max(place for place, job in enumerate(order) if job in short)
    waiting = 3 * BATCH // 4
    assert last < waiting + 8 * 11
    assert Counter(order)[long.id] == 400


def test_tenants_share_however_many_jobs_each_has(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    for _ in range(9):
        sealed_job(broker, windows=[4] * 20, tenant="many")
    sealed_job(broker, windows=[4] * 40, tenant="one")

    order = [delivery.request.tenant for delivery in run_all(broker, room=BATCH)]

    waiting = 3 * BATCH // 4
    assert order[: waiting + 80].count("one") == 40


def test_idling_saves_no_turns_up(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    idle = sealed_job(broker, windows=[4], tenant="idle")
    run_all(broker)
    sealed_job(broker, windows=[4] * 60, tenant="busy")
    for _ in range(8):
        run_one(broker, room=BATCH)
    sealed_job(broker, windows=[4] * 40, tenant="idle")

    order = [delivery.request.tenant for delivery in run_all(broker, room=BATCH)]

    waiting = 3 * BATCH // 4
    assert order[waiting : waiting + 12].count("busy") == 6, idle


def test_job_that_comes_late_overtakes_nobody(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    early = sealed_job(broker, windows=[4] * 60)
    for _ in range(8):
        run_one(broker, room=BATCH)
    sealed_job(broker, windows=[4] * 40)

    order = [delivery.request.job for delivery in run_all(broker, room=BATCH)]

    waiting = 3 * BATCH // 4
    assert order[waiting : waiting + 12].count(early.id) == 6


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    sizes=st.lists(st.lists(st.integers(1, 4), min_size=12, max_size=12), min_size=2, max_size=4)
)
def test_waiting_jobs_advance_together(broker: Broker, sizes: list[list[int]]) -> None:
    broker.redis.flushall()
    broker.announce("worker-1", KEY, 2)
    jobs = [sealed_job(broker, windows=windows) for windows in sizes]
    served = dict.fromkeys((job.id for job in jobs), 0)
    total = {job.id: sum(windows) for job, windows in zip(jobs, sizes, strict=True)}
    in_front = admitted(broker)

    while batch := run_one(broker, room=1):
        for delivery in batch:
            served[delivery.request.job] += delivery.request.windows
        waiting = [done for job, done in served.items() if done < total[job] - 12]
        if len(waiting) > 1:
            assert max(waiting) - min(waiting) <= in_front + 2 * 4


@pytest.mark.slow
def test_two_hours_of_video_do_not_slow_the_queue_down(broker: Broker) -> None:
    broker.announce("worker-1", KEY, BATCH)
    sealed_job(broker, windows=[4] * 2000)
    short = sealed_job(broker, windows=[4] * 2)

    run_one(broker, room=3 * BATCH)
    run_one(broker, room=BATCH)

    status = broker.status(short.id)
    assert status is not None
    assert status.state == "succeeded"
