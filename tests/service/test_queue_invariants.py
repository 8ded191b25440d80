"""Many unreliable workers against a model in Python: nothing is lost, nothing comes twice.

The model is naive (`tests.service.queue_model`). Hypothesis chooses who does what next, and
shortens what goes wrong. Silence is made, not slept, so thousands of steps are quick.
"""

import random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from service.broker import Broker
from service.broker_types import Totals
from service.errors import LeaseLostError
from tests.service.cases import (
    KEY,
    new_clip,
    new_job,
    result_of,
    silence,
    silence_task,
    silence_worker,
)
from tests.service.queue_model import QueueModel

TENANTS = ("red", "green", "blue")
WORKERS = {"worker-1": 4, "worker-2": 8, "worker-3": 1}
seeds = st.integers(0, 2**32)


class Queue(QueueModel):
    """What may happen to the queue, in any order."""

    @rule(tenant=st.sampled_from(TENANTS))
    def submit(self, tenant: str) -> None:
        job = new_job(tenant, estimated_gpu_s=2)
        assert self.broker.submit(job).created
        self.jobs[job.id] = job

    @rule()
    def claim(self) -> None:
        task = self.broker.claim_task("media")
        waiting = self.jobs.keys() - self.ended.keys() - self.leases.keys() - self.decoded
        assert (task is None) == (not waiting)
        if task is not None:
            assert task.job.id in waiting
            self.leases[task.job.id] = task.lease

    @precondition(lambda self: self.leases)
    @rule(seed=seeds, count=st.integers(1, 5))
    def seal(self, seed: int, count: int) -> None:
        """Some that are new, and maybe some that were sealed before."""
        job = self.pick(seed, list(self.leases))
        first = random.Random(seed).randint(0, self.numbers[job])
        for number in range(first, first + count):
            self.seal_one(job, number)

    def seal_one(self, job: str, number: int) -> None:
        request = new_clip(self.jobs[job], number, windows=1 + number % 4)
        is_new = self.broker.seal(self.leases[job], request)
        assert is_new == (request.clip not in self.sealed[job])
        self.sealed[job][request.clip] = request.windows
        self.numbers[job] = max(self.numbers[job], number + 1)

    @precondition(lambda self: self.leases)
    @rule(seed=seeds)
    def finish_decoding(self, seed: int) -> None:
        job = self.pick(seed, list(self.leases))
        clips = len(self.sealed[job])
        self.broker.decoded(self.leases.pop(job), Totals(frames=9, people=1, clips=clips))
        self.decoded.add(job)
        self.settle(job)

    @precondition(lambda self: self.leases)
    @rule(seed=seeds)
    def media_falls_silent(self, seed: int) -> None:
        job = self.pick(seed, list(self.leases))
        lease = self.leases.pop(job)
        silence_task(self.broker, lease)
        self.late_leases.append(lease)
        # A job whose holders vanish thrice without a new clip fails; seal one, so that it does not.
        again = self.broker.claim_task("media")
        while again is not None:
            self.leases[again.job.id] = again.lease
            self.seal_one(again.job.id, self.numbers[again.job.id])
            again = self.broker.claim_task("media")

    @precondition(lambda self: self.late_leases)
    @rule(seed=seeds)
    def late_media_does_nothing(self, seed: int) -> None:
        lease = random.Random(seed).choice(self.late_leases)
        job = self.jobs[lease.task_id.removeprefix("decode:")]
        with pytest.raises(LeaseLostError):
            self.broker.seal(lease, new_clip(job, 999, 1))
        assert not self.broker.renew_task(lease)

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def announce(self, worker: str) -> None:
        self.broker.announce(worker, KEY, WORKERS[worker])

    @rule(worker=st.sampled_from(sorted(WORKERS)))
    def worker_vanishes(self, worker: str) -> None:
        """Its announcement lapses, and everything that it holds."""
        silence_worker(self.broker, worker)
        self.broker.tick()
        mine = [held for held, delivery in self.held.items() if delivery.worker == worker]
        for held in mine:
            silence(self.broker, [self.held[held]])
            self.late.append(self.held.pop(held))

    @rule(worker=st.sampled_from(sorted(WORKERS)), room=st.integers(1, 6), is_idle=st.booleans())
    def take(self, worker: str, room: int, is_idle: bool) -> None:
        taken = self.broker.take(worker, KEY, room, is_idle=is_idle)
        windows = sum(delivery.request.windows for delivery in taken)
        assert len(taken) <= 1 or windows <= room
        for delivery in taken:
            held = (delivery.request.job, delivery.request.clip)
            assert held not in self.held, "somebody else holds it"
            assert delivery.request.clip not in self.results[delivery.request.job]
            assert delivery.request.job not in self.ended
            assert delivery.attempts == self.tries[held][0]
            assert delivery.alone == (delivery.attempts > 0)
            assert delivery.started == (is_idle and len(taken) == 1 and not delivery.alone)
            self.held[held] = delivery
            if delivery.started:
                self.counted.add(delivery.lease)
                self.tries[held][0] += 1
                self.tries[held][1] += 1
        self.bury()

    @precondition(lambda self: self.held)
    @rule(seed=seeds)
    def start(self, seed: int) -> None:
        batch = self.of_one_worker(seed)
        alone = [delivery for delivery in batch if delivery.alone]
        batch = alone[:1] or batch
        assert self.broker.started(batch) == batch
        for delivery in batch:
            if delivery.lease not in self.counted:
                self.counted.add(delivery.lease)
                tries = self.tries[delivery.request.job, delivery.request.clip]
                tries[0] += 1
                tries[1] += len(batch) == 1

    @precondition(lambda self: self.held)
    @rule(seed=seeds)
    def commit(self, seed: int) -> None:
        delivery = random.Random(seed).choice(self.of_one_worker(seed))
        request, path = delivery.request, result_of(delivery)
        assert self.broker.commit(delivery, path, 8)
        self.results[request.job][request.clip] = path
        del self.held[request.job, request.clip]
        assert self.broker.commit(delivery, path, 8), "a repeated call is not refused"
        self.settle(request.job)

    @precondition(lambda self: self.late)
    @rule(seed=seeds)
    def late_worker_does_nothing(self, seed: int) -> None:
        delivery = random.Random(seed).choice(self.late)
        assert not self.broker.commit(delivery, f"late {result_of(delivery)}", 8)
        assert self.broker.renew([delivery]) == []
        assert self.broker.started([delivery]) == []
        assert self.broker.give_back([delivery]) == 0
        assert not self.broker.fail_clip(delivery, "late", "too late")

    @precondition(lambda self: self.held)
    @rule(seed=seeds)
    def give_back(self, seed: int) -> None:
        batch = self.of_one_worker(seed)
        assert self.broker.give_back(batch) == len(batch)
        for delivery in batch:
            held = (delivery.request.job, delivery.request.clip)
            if delivery.lease in self.counted:
                # Whether the attempt had been alone is not known; the broker takes one off.
                self.tries[held][0] -= 1
                self.tries[held][1] = max(self.tries[held][1] - 1, 0)
            self.late.append(self.held.pop(held))

    @precondition(lambda self: self.held)
    @rule(seed=seeds)
    def lose_input(self, seed: int) -> None:
        delivery = random.Random(seed).choice(self.of_one_worker(seed))
        job, clip = delivery.request.job, delivery.request.clip
        assert self.broker.input_lost(delivery)
        del self.sealed[job][clip], self.held[job, clip]
        self.tries.pop((job, clip), None)
        self.late.append(delivery)
        self.decoded.discard(job)

    @rule(seed=seeds)
    def cancel(self, seed: int) -> None:
        if seed % 4 == 0 and self.jobs:
            job = self.pick(seed, list(self.jobs))
            assert self.broker.cancel(job) == (job not in self.ended)
            if job not in self.ended:
                self.end(job, "cancelled")

    @rule()
    def tick(self) -> None:
        self.broker.tick()


@pytest.mark.slow
def test_nothing_is_lost_or_doubled_whatever_happens(any_broker: Broker) -> None:
    machine = type("QueueOfThisRelease", (Queue,), {"broker": any_broker})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            stateful_step_count=60,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
