"""Workers are killed, stopped, poisoned and starved of memory; nothing may be lost or doubled.

    python -m tests.load.chaos                  all of it: `make chaos`
    python -m tests.load.chaos kills --jobs 50 --kills 5

Real processes under the real supervisor, a real Redis, and clips that are sealed without a video.
Settings are printed beside the figures; the exit status is 1 where something was not as it should.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable

import numpy as np

from model.clips import Clip, ClipId
from service.logs import set_up_logs
from service.runner import load_runner
from service.settings import load_settings
from service.sleeping import CRASH, HANG
from tests.load.crowd import Expected, Shape, judge, seal_crowd, show, wait_all_over
from tests.load.fleet import Plan, machine, running, wait_for
from tests.load.killer import Killer
from tests.service.sealed import expected_camera, make_clip, name_of, real_job, seal_job

GRACE_S = 1.0  # beyond a lease, until a lost clip is with another worker


def kills(
    jobs: int, count: int, lease_s: float = 3.0, pause_s: float = 2.5, grace_s: float = GRACE_S
) -> bool:
    """Random `kill -9` of workers of the sleeping model under load."""
    plan = Plan(
        workers=3,
        settings={"lease_s": lease_s, "batch_windows": 8},
        tests={"sleeping": 1, "batch_ms": 5, "window_ms": 25},
    )
    return _kill_some(plan, Shape(), jobs, count, pause_s, lease_s + grace_s, expected_camera)


def network(jobs: int, count: int, lease_s: float = 10.0, pause_s: float = 10.0) -> bool:
    """The same with the model in force; its answers are compared with those in one process."""
    runner = load_runner(load_settings(device="cpu"))
    known: dict[ClipId, np.ndarray] = {}

    def expected(clip: Clip) -> np.ndarray:
        if clip.id not in known:
            known[clip.id] = runner.predict(clip.inputs).camera
        return known[clip.id]

    plan = Plan(workers=2, settings={"lease_s": lease_s, "device": "cpu"})
    shape = Shape(real_job(), clips=12, windows=4)
    return _kill_some(plan, shape, jobs, count, pause_s, lease_s + GRACE_S, expected)


def _kill_some(
    plan: Plan,
    shape: Shape,
    jobs: int,
    count: int,
    pause_s: float,
    allowed_s: float,
    expected: Expected,
) -> bool:
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        crowd, sealing = seal_crowd(fleet, jobs, count * pause_s, shape)
        killer = Killer(fleet, shape.template.model_key)
        killer.run(count, pause_s)
        sealing.join()
        wait_all_over(fleet.broker, list(crowd.clips), within_s=3600)
        outcome = judge(fleet.broker, fleet.store, crowd, expected)
        dead = len(fleet.broker.dead_clips())
    back_s = sorted(loss.back_s or float("inf") for loss in killer.losses) or [0.0]
    show(
        f"kill -9 at random, {shape.template.model_key} ({plan.describe()}; {machine()})",
        {
            "jobs, clips": f"{len(crowd.clips)}, {crowd.clip_count}",
            "kills": killer.kills,
            "clips that the killed held": len(killer.losses),
            "lost, doubled, wrong": str(outcome),
            "dead letters": dead,
            "seconds until with another worker, median": back_s[len(back_s) // 2],
            f"the same, longest (allowed: {allowed_s:g})": back_s[-1],
        },
    )
    return outcome.clean and dead == 0 and back_s[-1] <= allowed_s


def stopped(lease_s: float = 2.0) -> bool:
    """SIGSTOP past the lease, then SIGCONT: the late commit is refused."""
    plan = Plan(workers=2, settings={"lease_s": lease_s}, tests={"sleeping": 1, "batch_ms": 1500})
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        job_id = seal_job(fleet.broker, fleet.store, [make_clip()])
        wait_for(lambda: fleet.broker.redis.hgetall(f"remocap:job:{job_id}:attempts"), 60)
        (holder,) = Killer(fleet).holders().values()
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


def poison(neighbours: int = 20, lease_s: float = 2.0, fault: bytes = CRASH) -> bool:
    """A clip that kills its worker, or hangs in it."""
    plan = Plan(
        workers=2,
        settings={"lease_s": lease_s, "batch_windows": 8},
        tests={"sleeping": 1, "batch_ms": 20, "window_ms": 5, "faults": 1},
    )
    with running(plan) as fleet:
        fleet.wait_ready(plan.workers)
        clips = [make_clip(0), make_clip(1, fault=fault), make_clip(2)]
        bad = seal_job(fleet.broker, fleet.store, clips)
        crowd, sealing = seal_crowd(fleet, neighbours, 2, Shape(clips=3))
        sealing.join()
        wait_all_over(fleet.broker, [bad, *crowd.clips], within_s=300)
        outcome = judge(fleet.broker, fleet.store, crowd)
        status = fleet.broker.status(bad)
        dead = fleet.broker.dead_clips()
    assert status is not None
    show(
        f"poison, {fault.decode()} ({plan.describe()})",
        {
            "dead letters": [letter.request.clip for letter in dead],
            "started attempts": [letter.attempts for letter in dead],
            "its job": f"{status.state}, {status.code}: {status.message}",
            "neighbours": len(crowd.clips),
            "of which lost, doubled, wrong": str(outcome),
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
            "of which lost, doubled, wrong": str(outcome),
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
            "of which lost, doubled, wrong": str(outcome),
        },
    )
    return outcome.clean and drained == 2


def main() -> None:
    """Run what is asked for, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help="kills, poison, ...; all if none")
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--kills", type=int, default=30)
    options = parser.parse_args()
    set_up_logs("chaos", level="error")
    scenes: dict[str, Callable[[], bool]] = {
        "kills": lambda: kills(options.jobs, options.kills),
        "network": lambda: network(options.jobs, options.kills),
        "stopped": stopped,
        "poison": poison,
        "hang": lambda: poison(lease_s=1.5, fault=HANG),
        "memory": memory,
        "drain": drain,
    }
    failed = [name for name in options.what or scenes if not scenes[name]()]
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall as it should be")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
