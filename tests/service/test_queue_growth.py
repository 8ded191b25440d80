"""What the queue keeps is small, and does not grow with what has passed."""

import pytest

from service.broker import Broker
from tests.service.cases import KEY, claim, new_clip, new_job, run_all, run_one, sealed_job

ROUNDS = 20


def used_bytes(broker: Broker) -> int:
    return int(broker.redis.info("memory")["used_memory"])


def settled(broker: Broker) -> int:
    """Memory in use once what was unlinked is freed."""
    broker.redis.memory_purge()
    return used_bytes(broker)


def test_clip_takes_at_most_4_kb(any_broker: Broker) -> None:
    any_broker.announce("worker-1", KEY, 16)
    before = settled(any_broker)

    sealed_job(any_broker, windows=[4] * 2000)
    waiting = settled(any_broker)
    run_all(any_broker, room=16)
    answered = settled(any_broker)

    assert (waiting - before) / 2000 < 4096
    assert (answered - before) / 2000 < 4096


def test_progress_events_do_not_pile_up(broker: Broker) -> None:
    job = new_job()
    broker.submit(job)
    task = claim(broker)

    for frames in range(1, 300):
        broker.redis.hdel(f"remocap:job:{job.id}", "last:decoding:")
        broker.redis.hset(f"remocap:job:{job.id}", "last:decoding:", f"{frames} 0")
        broker.progress(task.lease, "decoding", {"frames": frames})

    assert len(broker.events(job.id)) <= 2
    assert broker.events(job.id)[-1].data["frames"] == 299


@pytest.mark.slow
def test_hundred_thousand_events_leave_nothing_behind(broker: Broker) -> None:
    """Of 20 long jobs, one after the other, as much is left as of the first."""
    broker.announce("worker-1", KEY, 64)
    left = []
    for _ in range(ROUNDS):
        job = new_job()
        broker.submit(job)
        task = claim(broker)
        for number in range(5000 // ROUNDS):
            broker.seal(task.lease, new_clip(job, number, 1))
            for done in range(20):
                data = {"stage": "find", "done": done, "expected": 20 * number}
                broker.progress(task.lease, "progress", data)
            run_one(broker, room=64)
        assert len(broker.events(job.id, limit=10_000)) < 5000 // ROUNDS + 10
        broker.erase(job.id)
        broker.redis.zadd("remocap:over", {job.id: 1})
        broker.tick()
        left.append(settled(broker))

    assert left[-1] < left[0] + 200_000


def test_dead_letters_are_limited(broker: Broker) -> None:
    for number in range(3000):
        broker.redis.xadd("remocap:dead", {"clip": str(number)})
    sealed_job(broker)
    (delivery,) = broker.started(broker.take("worker-1", KEY, 4))

    broker.fail_clip(delivery, "network_failed", "it is not finite")

    assert broker.census().dead_clips < 1200


def test_call_does_not_slow_down_with_what_waits(broker: Broker) -> None:
    """By Redis's own clock: a commit beside 5000 waiting clips costs what it costs beside 50."""

    def microseconds_a_call(clips: int) -> float:
        broker.redis.flushall()
        broker.announce("worker-1", KEY, 16)
        sealed_job(broker, windows=[4] * clips)
        broker.redis.config_resetstat()
        for _ in range(50):
            run_one(broker, room=4)
        stats = broker.redis.info("commandstats")["cmdstat_evalsha"]
        return float(stats["usec_per_call"])

    few, many = microseconds_a_call(60), microseconds_a_call(5000)

    assert many < 3 * few
