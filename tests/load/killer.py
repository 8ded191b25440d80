"""Kills workers at random, and watches how soon what they held is with somebody else."""

import os
import random
import signal
import time
from dataclasses import dataclass, field
from threading import Event, Thread

from service.sleeping import SLEEPING_KEY
from tests.load.fleet import Fleet, wait_for


@dataclass
class Loss:
    """A clip that a killed worker held."""

    entry: str
    holder: str
    killed_s: float
    back_s: float | None = None


@dataclass
class Killer:
    """Kills random workers, and watches when what they held is with somebody else."""

    fleet: Fleet
    model_key: str = SLEEPING_KEY
    losses: list[Loss] = field(default_factory=list)
    kills: int = 0
    over: Event = field(default_factory=Event)

    def run(self, kills: int, pause_s: float) -> None:
        """Kill so many, at random moments."""
        watcher = Thread(target=self._watch)
        watcher.start()
        numbers = random.Random(2)
        for _ in range(kills):
            time.sleep(numbers.uniform(0.2, 1.8) * pause_s)
            wait_for(self.fleet.supervisor.pids, 60)
            self._kill(numbers.choice(sorted(self.fleet.supervisor.pids().values())))
        wait_for(lambda: all(loss.back_s for loss in self.losses), 120)
        self.over.set()
        watcher.join()

    def _kill(self, pid: int) -> None:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        killed_s = time.monotonic()
        self.kills += 1
        for entry, holder in self.holders().items():
            if f"-{pid}-" in holder:
                self.losses.append(Loss(entry, holder, killed_s))

    def _watch(self) -> None:
        while not self.over.wait(0.02):
            holders, now_s = self.holders(), time.monotonic()
            for loss in self.losses:
                if loss.back_s is None and holders.get(loss.entry) != loss.holder:
                    loss.back_s = now_s - loss.killed_s

    def holders(self) -> dict[str, str]:
        """Return which worker holds which entry of the queue."""
        queue = f"remocap:queue:{self.model_key}"
        found = self.fleet.broker.redis.xpending_range(queue, "workers", "-", "+", 10_000)
        return {entry["message_id"]: entry["consumer"] for entry in found}
