"""Leases are renewed while the worker gets on. Beats are counted, no clock is read."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from service.broker_types import Delivery
from service.errors import BrokerUnavailableError
from service.heartbeat import Heartbeat, Held, Progress
from service.messages import ClipRequest


def a_delivery(lease: str) -> Delivery:
    request = ClipRequest(
        job="j1",
        clip="t1-f0-n8",
        model_key="m@0",
        tenant="public",
        path="jobs/j1/clips/t1-f0-n8.safetensors",
        windows=1,
        keep=8,
        first_frame=0,
        last_frame=7,
    )
    return Delivery(request, worker="w", lease=lease, attempts=0, alone=False, queued_s=0)


@dataclass
class Queue:
    """Stands for the broker: renews what it is asked to, but what it has lost."""

    lost: Sequence[str] = ()
    renewed: list[list[str]] = field(default_factory=list)
    away: bool = False

    def renew(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        if self.away:
            raise BrokerUnavailableError("redis_unavailable", "gone")
        self.renewed.append([delivery.lease for delivery in deliveries])
        return [delivery for delivery in deliveries if delivery.lease not in self.lost]


class Worker:
    def __init__(self, *leases: str, queue: Any = None) -> None:
        self.queue = queue or Queue()
        self.held, self.progress = Held(), Progress(["load", "network"], patience=6)
        self.held.add(a_delivery(lease) for lease in leases)
        self.announced = 0
        self.gave_up: list[str] = []
        self.heart = Heartbeat(
            self.queue, self.held, self.progress, self._announce, self.gave_up.extend
        )

    def _announce(self) -> None:
        self.announced += 1

    def beat(self, times: int, *marks: str) -> None:
        for _ in range(times):
            for part in marks:
                self.progress.mark(part)
            self.heart.beat()


def test_every_beat_renews_what_is_held() -> None:
    worker = Worker("a", "b")

    worker.beat(2, "load", "network")

    assert worker.queue.renewed == [["a", "b"]] * 2
    assert worker.announced == 2


def test_what_was_lost_is_held_no_longer() -> None:
    worker = Worker("a", "b", queue=Queue(lost=["a"]))

    worker.beat(2, "load", "network")

    assert worker.queue.renewed == [["a", "b"], ["b"]]


def test_with_nothing_held_there_is_nothing_to_renew() -> None:
    worker = Worker()

    worker.beat(1, "load", "network")

    assert (worker.announced, worker.queue.renewed) == (1, [])


def test_a_part_that_is_stuck_for_two_leases_stops_the_heart() -> None:
    worker = Worker("a")

    worker.beat(10, "load")

    assert worker.progress.stuck() == ["network"]
    assert len(worker.queue.renewed) == 6


def test_a_part_that_gets_on_again_starts_it_again() -> None:
    worker = Worker("a")
    worker.beat(8, "load")

    worker.beat(1, "load", "network")

    assert len(worker.queue.renewed) == 7


def test_a_part_that_stays_stuck_ends_the_process() -> None:
    worker = Worker("a")

    worker.beat(12, "load")
    assert worker.gave_up == []
    worker.beat(1, "load")

    assert worker.gave_up == ["network"]


def test_redis_away_for_a_while_harms_no_heart() -> None:
    worker = Worker("a", queue=Queue(away=True))
    worker.beat(1, "load", "network")

    worker.queue.away = False
    worker.beat(1, "load", "network")

    assert worker.queue.renewed == [["a"]]
