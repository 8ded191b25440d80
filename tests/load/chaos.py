"""Workers are killed, stopped, poisoned and starved of memory; nothing may be lost or doubled.

    python -m tests.load.chaos                  all of it: `make chaos`
    python -m tests.load.chaos kills --jobs 50 --kills 5

Real processes under the real supervisor, a real Redis, and clips that are sealed without a video.
Settings are printed beside the figures; the exit status is 1 where something was not as it should.
"""

import argparse
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread

from service.logs import set_up_logs
from service.sleeping import CRASH, SLEEPING_KEY
from tests.load.crowd import judge, seal_crowd, show, wait_all_over
from tests.load.fleet import Fleet, Plan, machine, running, wait_for
from tests.service.sealed import make_clip, name_of, seal_job

GRACE_S = 1.0  # beyond a lease, until a lost clip is with another worker


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
        for entry, holder in self._holders().items():
            if f"-{pid}-" in holder:
                self.losses.append(Loss(entry, holder, killed_s))

    def _watch(self) -> None:
        while not self.over.wait(0.02):
            holders, now_s = self._holders(), time.monotonic()
            for loss in self.losses:
                if loss.back_s is None and holders.get(loss.entry) != loss.holder:
                    loss.back_s = now_s - loss.killed_s

    def _holders(self) -> dict[str, str]:
        """Return which worker holds which entry of the queue."""
        queue = f"remocap:queue:{self.model_key}"
        found = self.fleet.broker.redis.xpending_range(queue, "workers", "-", "+", 10_000)
        return {entry["message_id"]: entry["consumer"] for entry in found}


def kills(jobs: int, count: int, lease_s: float = 3.0, pause_s: float = 2.5) -> bool:
    """Random `kill -9` of workers under load."""
    plan = Plan(
        workers=3,
        settings={"lease_s": lease_s, "batch_windows": 8},
        tests={"sleeping": 1, "batch_ms": 5, "window_ms": 25},
    )
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        crowd, sealing = seal_crowd(fleet, jobs, span_s=count * pause_s)
        killer = Killer(fleet)
        killer.run(count, pause_s)
        sealing.join()
        wait_all_over(fleet.broker, list(crowd.clips), within_s=600)
        outcome = judge(fleet.broker, fleet.store, crowd)
        dead = len(fleet.broker.dead_clips())
    back_s = sorted(loss.back_s or float("inf") for loss in killer.losses)
    show(
        f"kill -9 at random ({plan.describe()}; {machine()})",
        {
            "jobs, clips": f"{len(crowd.clips)}, {crowd.clip_count}",
            "kills": killer.kills,
            "clips that the killed held": len(back_s),
            "lost, doubled, wrong": f"{outcome.lost}, {outcome.doubled}, {outcome.wrong}",
            "dead letters": dead,
            "seconds until with another worker, median": back_s[len(back_s) // 2],
            f"the same, longest (allowed: {lease_s + GRACE_S:g})": back_s[-1],
        },
    )
    return outcome.clean and dead == 0 and back_s[-1] <= lease_s + GRACE_S


def stopped(lease_s: float = 2.0) -> bool:
    """SIGSTOP past the lease, then SIGCONT: the late commit is refused."""
    plan = Plan(workers=2, settings={"lease_s": lease_s}, tests={"sleeping": 1, "batch_ms": 1500})
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        job_id = seal_job(fleet.broker, fleet.store, [make_clip()])
        killer = Killer(fleet)
        wait_for(lambda: fleet.broker.redis.hgetall(f"remocap:job:{job_id}:attempts"), 60)
        (holder,) = killer._holders().values()
        pid = int(holder.split("-")[-2])
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_all_over(fleet.broker, [job_id], within_s=120)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_for(lambda: fleet.events(REFUSED), 60)
        path = f"jobs/{job_id}/results/"
        wait_for(lambda: len(list(fleet.store.entries(path))) == 1, 60)
        events = fleet.broker.events(job_id, 0, 1000)
    commits = sum(event.kind == "clip_committed" for event in events)
    show(f"SIGSTOP, SIGCONT ({plan.describe()})", {"commits": commits, "refused": 1})
    return commits == 1 and events[-1].data["state"] == "succeeded"


REFUSED = "commit refused: it is no longer ours, or the job is over"


def poison(neighbours: int = 20, lease_s: float = 2.0) -> bool:
    """A clip that kills its worker."""
    plan = Plan(
        workers=2,
        settings={"lease_s": lease_s, "batch_windows": 8},
        tests={"sleeping": 1, "batch_ms": 20, "window_ms": 5, "faults": 1},
    )
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        clips = [make_clip(0), make_clip(1, fault=CRASH), make_clip(2)]
        bad = seal_job(fleet.broker, fleet.store, clips)
        crowd, sealing = seal_crowd(fleet, neighbours, span_s=2, most_clips=3)
        sealing.join()
        wait_all_over(fleet.broker, [bad, *crowd.clips], within_s=300)
        outcome = judge(fleet.broker, fleet.store, crowd)
        status = fleet.broker.status(bad)
        dead = fleet.broker.dead_clips()
    assert status is not None
    show(
        f"poison ({plan.describe()})",
        {
            "dead letters": [letter.request.clip for letter in dead],
            "started attempts": [letter.attempts for letter in dead],
            "its job": f"{status.state}, {status.code}: {status.message}",
            "neighbours": len(crowd.clips),
            "of which lost, doubled, wrong": f"{outcome.lost}, {outcome.doubled}, {outcome.wrong}",
        },
    )
    buried = [(letter.request.clip, letter.attempts) for letter in dead]
    named = "frames 8 to 15" in (status.message or "")
    return outcome.clean and buried == [(name_of(clips[1]), 3)] and named


def memory(jobs: int = 20) -> bool:
    """A device that has no memory for batches of 16, once it is at work."""
    plan = Plan(
        workers=1,
        settings={"batch_windows": 16, "lease_s": 2},
        tests={"sleeping": 1, "batch_ms": 20, "window_ms": 5, "out_of_memory_windows": 8},
    )
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        before = sum(model.batch_windows for model in fleet.broker.models())
        crowd, sealing = seal_crowd(fleet, jobs, span_s=0)
        sealing.join()
        wait_all_over(fleet.broker, list(crowd.clips), within_s=300)
        outcome = judge(fleet.broker, fleet.store, crowd)
        halved = len(fleet.events("out of memory"))
        time.sleep(fleet.settings.lease_s)  # a heartbeat tells what is remembered
        after = sum(model.batch_windows for model in fleet.broker.models())
        deaths = len(fleet.events("ready")) - 1
    show(
        f"out of memory ({plan.describe()})",
        {
            "batch before and after, in windows": f"{before}, {after}",
            "times out of memory": halved,
            "workers that died of it": deaths,
            "jobs": len(crowd.clips),
            "of which lost, doubled, wrong": f"{outcome.lost}, {outcome.doubled}, {outcome.wrong}",
        },
    )
    return outcome.clean and before == 16 and after <= 8 and deaths == 0


def drain(jobs: int = 40) -> bool:
    """SIGTERM to every worker in turn, under load."""
    plan = Plan(
        workers=2,
        settings={"batch_windows": 8},
        tests={"sleeping": 1, "batch_ms": 20, "window_ms": 10},
    )
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        crowd, sealing = seal_crowd(fleet, jobs, span_s=6)
        for name in list(fleet.supervisor.pids()):
            time.sleep(2)
            os.kill(fleet.supervisor.pids()[name], signal.SIGTERM)
        sealing.join()
        wait_all_over(fleet.broker, list(crowd.clips), within_s=300)
        outcome = judge(fleet.broker, fleet.store, crowd)
        drained = len(fleet.events("draining"))
    show(
        f"SIGTERM under load ({plan.describe()})",
        {
            "workers told to stop": drained,
            "jobs": len(crowd.clips),
            "of which lost, doubled, wrong": f"{outcome.lost}, {outcome.doubled}, {outcome.wrong}",
        },
    )
    return outcome.clean and drained == 2


def main() -> None:
    """Run what is asked for, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "what", nargs="*", help="kills, stopped, poison, memory, drain; all if none"
    )
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=30)
    options = parser.parse_args()
    set_up_logs("chaos", level="error")
    scenes: dict[str, Callable[[], bool]] = {
        "kills": lambda: kills(options.jobs, options.kills),
        "stopped": stopped,
        "poison": poison,
        "memory": memory,
        "drain": drain,
    }
    failed = [name for name in options.what or scenes if not scenes[name]()]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall as it should be")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
