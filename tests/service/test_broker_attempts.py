"""Attempts at a clip: what counts as one, poison, and clips given back."""

from service.broker import Broker
from tests.service.cases import run_all, sealed_job, silence, state_of, take


def test_delivered_clip_that_was_not_started_counts_no_attempt(broker: Broker) -> None:
    sealed_job(broker, windows=[4, 4])

    for _ in range(6):
        deliveries = take(broker)
        assert [(d.attempts, d.alone) for d in deliveries] == [(0, False), (0, False)]
        silence(broker, deliveries)


def test_started_clip_that_vanished_is_retried_alone(any_broker: Broker) -> None:
    sealed_job(any_broker, windows=[4, 4, 4])
    silence(any_broker, any_broker.started(take(any_broker, room=8)))

    found = take(any_broker)

    assert [(d.attempts, d.alone) for d in found] == [(1, True), (1, True), (0, False)]


def test_poison_is_buried_after_three_attempts_and_its_job_fails(any_broker: Broker) -> None:
    job = sealed_job(any_broker, windows=[4])
    neighbour = sealed_job(any_broker, windows=[4])
    silence(any_broker, any_broker.started(take(any_broker)))
    for _ in range(3):
        for taken in take(any_broker):
            for delivery in any_broker.started([taken]):
                if delivery.request.job == job.id:
                    silence(any_broker, [delivery])
                else:
                    any_broker.commit(delivery, "r", 32)
    run_all(any_broker)

    (letter,) = any_broker.dead_clips()
    status = any_broker.status(job.id)
    assert status is not None
    assert (status.state, status.code) == ("failed", "clip_crashed")
    assert status.message is not None
    assert "frames 0 to 31" in status.message
    assert (letter.request.job, letter.attempts) == (job.id, 3)
    assert state_of(any_broker, neighbour.id) == ("succeeded", None)


def test_three_crashes_in_company_do_not_bury(broker: Broker) -> None:
    job = sealed_job(broker, windows=[4])
    for _ in range(2):
        (delivery,) = broker.started(take(broker))
        silence(broker, [delivery])
    broker.redis.hset(f"remocap:job:{job.id}:attempts", delivery.request.clip, "3 1 -")

    assert [d.alone for d in take(broker)] == [True]


def test_attempt_is_counted_once_however_often_it_is_told(broker: Broker) -> None:
    sealed_job(broker)
    (delivery,) = take(broker)
    for _ in range(3):
        broker.started([delivery])
    silence(broker, [delivery])

    assert [d.attempts for d in take(broker)] == [1]


def test_clip_that_raises_alone_fails_its_job(any_broker: Broker) -> None:
    job = sealed_job(any_broker)
    (delivery,) = any_broker.started(take(any_broker))

    assert any_broker.fail_clip(delivery, "network_failed", "it is not finite")

    status = any_broker.status(job.id)
    assert status is not None
    assert (status.state, status.code) == ("failed", "network_failed")
    assert status.message == "frames 0 to 31 (clip t1-f0-n32): it is not finite"
    assert [letter.code for letter in any_broker.dead_clips()] == ["network_failed"]


def test_given_back_clips_are_taken_by_others_uncounted(any_broker: Broker) -> None:
    sealed_job(any_broker, windows=[4, 4])
    held = any_broker.started(take(any_broker, "worker-1"))

    assert any_broker.give_back(held) == 2

    others = take(any_broker, "worker-2")
    assert [(d.attempts, d.alone) for d in others] == [(0, False), (0, False)]
    assert any_broker.renew(held) == []
    assert others[0].queued_s == held[0].queued_s
