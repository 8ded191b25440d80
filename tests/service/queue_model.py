"""What the queue must be, in Python: naive sets of clips by job, and who holds what."""

import random
from collections import defaultdict

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant

from service.broker import Broker
from service.broker_types import Delivery, Lease
from service.estimates import WINDOW_GPU_S
from service.messages import Job
from tests.service.cases import KEY, run_all, silence


class QueueModel(RuleBasedStateMachine):
    """What happened to a queue so far, and what therefore holds."""

    broker: Broker  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.broker.redis.flushall()
        self.jobs: dict[str, Job] = {}
        self.sealed: dict[str, dict[str, int]] = defaultdict(dict)  # job -> clip -> windows
        self.numbers: dict[str, int] = defaultdict(int)  # job -> clips that were ever sealed
        self.results: dict[str, dict[str, str]] = defaultdict(dict)
        self.decoded: set[str] = set()
        self.ended: dict[str, str] = {}
        self.leases: dict[str, Lease] = {}
        self.late_leases: list[Lease] = []
        self.held: dict[tuple[str, str], Delivery] = {}  # (job, clip) -> the one that counts
        self.late: list[Delivery] = []
        self.tries: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self.counted: set[str] = set()
        self.limit_before = 16
        self.admitted_before = 0

    # What the model concludes.

    def end(self, job: str, state: str) -> None:
        self.ended[job] = state
        self.leases.pop(job, None)
        for held in [held for held in self.held if held[0] == job]:
            self.late.append(self.held.pop(held))

    def settle(self, job: str) -> None:
        if job in self.decoded and job not in self.ended:
            sealed, results = self.sealed[job], self.results[job]
            if len(sealed) == len(results):
                self.end(job, "succeeded" if sealed else "failed")

    def pick(self, seed: int, among: list[str]) -> str:
        return random.Random(seed).choice(sorted(among))

    def bury(self) -> None:
        """Learn which jobs a dead letter has ended; the tries must justify it."""
        for letter in self.broker.dead_clips():
            held = (letter.request.job, letter.request.clip)
            if letter.request.job not in self.ended:
                assert self.tries[held][0] >= 3
                assert self.tries[held][1] >= 2
                self.end(letter.request.job, "failed")

    def of_one_worker(self, seed: int) -> list[Delivery]:
        worker = self.pick(seed, [delivery.worker for delivery in self.held.values()])
        return [delivery for delivery in self.held.values() if delivery.worker == worker]

    # What holds at all times.

    @invariant()
    def jobs_stand_as_they_should(self) -> None:
        for job in self.jobs:
            status = self.broker.status(job)
            assert status is not None
            assert self.broker.results(job) == self.results[job]
            if job in self.ended:
                assert status.state == self.ended[job]
            else:
                assert not status.over
                assert status.clips == len(self.sealed[job])
                assert status.clips_committed == len(self.results[job])

    @invariant()
    def every_clip_is_in_one_place(self) -> None:
        queued = defaultdict(list)
        for _, fields in self.broker.redis.xrange(f"remocap:queue:{KEY}"):
            queued[fields["job"]].append(fields["clip"])
        for job in self.jobs:
            pending = self.broker.redis.lrange(f"remocap:job:{job}:pending", 0, -1)
            names = [text.split(" ", 1)[1] for text in pending]
            places = sorted([*names, *queued[job], *self.results[job]])
            expected = self.results[job] if job in self.ended else self.sealed[job]
            assert places == sorted(expected)

    @invariant()
    def counts_agree(self) -> None:
        if not self.jobs:
            return
        (model,) = self.broker.models()
        entries = self.broker.redis.xrange(f"remocap:queue:{KEY}")
        assert model.admitted_windows == sum(int(fields["windows"]) for _, fields in entries)
        live = self.jobs.keys() - self.ended.keys()
        unanswered = sum(
            windows
            for job in live
            for clip, windows in self.sealed[job].items()
            if clip not in self.results[job]
        )
        assert model.admitted_windows + model.waiting_windows == unanswered
        census = self.broker.census()
        assert census.reserved_gpu_s == pytest.approx(sum(2 - self.done_gpu_s(job) for job in live))
        assert census.jobs.get("succeeded", 0) == [*self.ended.values()].count("succeeded")

    def done_gpu_s(self, job: str) -> float:
        """What a job has reserved no longer."""
        windows = sum(self.sealed[job][clip] for clip in self.results[job])
        return min(2, WINDOW_GPU_S * windows)

    @invariant()
    def queue_is_bounded(self) -> None:
        """More are let in only while there is room, and never while room is left unused."""
        if not self.jobs:
            return
        (model,) = self.broker.models()
        limit = 3 * model.batch_windows or 16
        if model.admitted_windows > self.admitted_before:
            assert model.admitted_windows <= max(limit, self.limit_before, 4)
        assert model.waiting_windows == 0 or model.admitted_windows > limit - 4
        self.admitted_before, self.limit_before = model.admitted_windows, limit

    def teardown(self) -> None:
        """An honest worker finishes whatever is left."""
        for delivery in list(self.held.values()):
            silence(self.broker, [delivery])
        run_all(self.broker, "honest")
        self.bury()
        for job in self.decoded - self.ended.keys():
            status = self.broker.status(job)
            assert status is not None
            assert status.state in {"succeeded", "failed"}
