"""A queue whose time passes when a test says so, and a crowd that wants more than it can do."""

import heapq
import itertools
import json
import random
import time
from dataclasses import dataclass

from service.broker import Broker
from service.broker_access import Visitor
from service.broker_types import Limits
from service.errors import OverCapacityError
from tests.service.cases import new_job

PROBE_S = 0.25


class FrozenTime:
    """Holds the time of a broker's calls still.

    Attributes:
        now_s: What time it is.
    """

    def __init__(self, broker: Broker) -> None:
        self._begun_s = time.time()
        self.now_s = 0.0
        script, call = broker._script, broker._script.call

        def call_then(name: str, *args: str | float) -> object:
            ahead_s = self._begun_s + self.now_s - time.time()
            config = json.loads(script._config) | {"ahead_us": round(ahead_s * 1e6)}
            script._config = json.dumps(config)
            return call(name, *args)

        script.call = call_then  # type: ignore[method-assign]


@dataclass
class Guest:
    """A client of the crowd: when it was refused at first, what it was told, when it came in."""

    obeys: bool
    returns: bool = True
    refused_s: float | None = None
    told_s: float = 0.0
    came_in_s: float | None = None


@dataclass
class Crowd:
    """Jobs of equal cost arrive faster than they are done; all in the queue's own time.

    Attributes:
        pace_gpu_s: What is done in a second.
        cost_gpu_s: Of a job.
        limit_gpu_s: That may wait.
        times: How much faster they arrive.
        for_s: How long they arrive.
        uneven: How much the times between two ends of jobs vary, as a share.
        alike: Whether no client can be told from another.
        ghosts: Share of those who never come back.
    """

    broker: Broker
    pace_gpu_s: float = 0.67
    cost_gpu_s: float = 0.1
    limit_gpu_s: float = 2.7
    times: float = 10
    for_s: float = 4
    uneven: float = 0.0
    alike: bool = False
    ghosts: float = 0.0

    def __post_init__(self) -> None:
        self.guests: list[Guest] = []
        self.done_at_s: list[float] = []
        self.idle_at_s: list[float] = []
        self._time = FrozenTime(self.broker)
        self._numbers = random.Random(1)
        self._order = itertools.count()
        self._happenings: list[tuple[float, int, int | None]] = []
        self._waiting: list[str] = []
        self._coming = 0

    def run(self) -> None:
        """Let all of it happen."""
        per_s = self.times * self.pace_gpu_s / self.cost_gpu_s
        for number in range(round(self.for_s * per_s)):
            returns = self._numbers.random() >= self.ghosts
            self.guests.append(Guest(obeys=number % 20 != 0, returns=returns))
            self._expect(number / per_s, number)
        heapq.heappush(self._happenings, (0.0, next(self._order), None))
        while self._coming or self._waiting:
            self._time.now_s, _, who = heapq.heappop(self._happenings)
            if who is None:
                self._finish_one()
            else:
                self._coming -= 1
                self._visit(who, self.guests[who])

    def _expect(self, at_s: float, who: int) -> None:
        self._coming += 1
        heapq.heappush(self._happenings, (at_s, next(self._order), who))

    def _finish_one(self) -> None:
        if self._waiting:
            self.broker.cancel(self._waiting.pop(0))
            self.done_at_s.append(self._time.now_s)
        else:
            self.idle_at_s.append(self._time.now_s)
        pause_s = self.cost_gpu_s / self.pace_gpu_s
        pause_s *= 1 + self._numbers.uniform(-self.uneven, self.uneven)
        heapq.heappush(self._happenings, (self._time.now_s + pause_s, next(self._order), None))

    def _visit(self, number: int, guest: Guest) -> None:
        key = None if guest.obeys else f"impatient-{number}"
        job = new_job(estimated_gpu_s=self.cost_gpu_s, idempotency_key=key)
        name = "all" if self.alike and guest.obeys else f"guest-{number}"
        limits = Limits(self.limit_gpu_s, self.limit_gpu_s)
        try:
            self.broker.admit(job, limits, Visitor(name, int(not guest.obeys)), 30)
        except OverCapacityError as error:
            self._refused(number, guest, error.retry_after_s)
        else:
            self.broker.submit(job)
            self._waiting.append(job.id)
            guest.came_in_s = self._time.now_s

    def _refused(self, number: int, guest: Guest, retry_s: float) -> None:
        is_first, now_s = guest.refused_s is None, self._time.now_s
        if is_first:
            guest.refused_s, guest.told_s = now_s, retry_s
        if guest.returns and (is_first or not guest.obeys):
            self._expect(now_s + (retry_s if guest.obeys else PROBE_S), number)

    @property
    def success(self) -> float:
        """Share of those who came back when they were told to, and were let in."""
        obedient = [g for g in self.guests if g.refused_s is not None and g.obeys and g.returns]
        return sum(guest.came_in_s is not None for guest in obedient) / len(obedient)

    @property
    def truth(self) -> list[float]:
        """What each impatient client was told, as a multiple of when it was let in."""
        return [
            guest.told_s / (guest.came_in_s - guest.refused_s)
            for guest in self.guests
            if not guest.obeys and guest.refused_s is not None and guest.came_in_s is not None
        ]

    def busy_share(self, until_s: float) -> float:
        """Share of the time until then that work was done."""
        done = sum(at_s <= until_s for at_s in self.done_at_s)
        return done / (done + sum(at_s <= until_s for at_s in self.idle_at_s))
