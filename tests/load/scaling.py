"""Two `remocap worker` on one Redis and one store, as on two machines, against one alone."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from service.supervisor import settings_env
from tests.load.crowd import Crowd, judge, show, wait_all_over
from tests.load.fleet import Fleet, Plan, machine, running, wait_for
from tests.load.rates import steady_windows_per_s
from tests.service.sealed import make_clip, seal_job

BATCH = 16  # windows
SLEEP = {"sleeping": 1, "batch_ms": 20, "window_ms": 5}  # 100 ms a batch: 1280 frames/s
PLAN = Plan(workers=0, settings={"batch_windows": BATCH}, tests=SLEEP)
ROOT = str(Path(__file__).resolve().parents[2])


@contextmanager
def worker(fleet: Fleet) -> Iterator[subprocess.Popen[bytes]]:
    """A `remocap worker` with a supervisor of its own; killed at the end if it still runs."""
    tests = {f"REMOCAP_TEST_{name}".upper(): str(value) for name, value in PLAN.tests.items()}
    env = settings_env(fleet.settings, log_format="json") | tests | {"PYTHONPATH": ROOT}
    with fleet.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "service", "worker"],
            env=os.environ | env,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def seal_halves(fleet: Fleet, batches: int) -> Crowd:
    """Two jobs of full batches."""
    clips = [make_clip(4 * n, windows=4) for n in range(batches * BATCH // 4)]
    halves = clips[::2], clips[1::2]
    return Crowd({seal_job(fleet.broker, fleet.store, half): half for half in halves})


def scaling(batches: int = 100, least: float = 1.9) -> bool:
    """Windows a second of two workers, against those of one, in one run."""
    one, two, one_again = (_windows_per_s(count, batches * count) for count in (1, 2, 1))
    ratio = two / ((one + one_again) / 2)
    show(
        f"two workers on one Redis and store ({PLAN.describe()}; {machine()})",
        {
            "one before and after, windows/s": f"{one:.1f}, {one_again:.1f}",
            "two, windows/s": two,
            f"ratio (expected: {least:g})": ratio,
        },
    )
    return ratio >= least


def _windows_per_s(count: int, batches: int) -> float:
    """Of so many workers, from the first commit that all of them stood ready for to the last."""
    with running(PLAN, start=False) as fleet, ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(worker(fleet))
        fleet.wait_ready(count)
        crowd = seal_halves(fleet, batches)
        wait_all_over(fleet.broker, list(crowd.clips), within_s=600)
        return steady_windows_per_s(fleet.broker, list(crowd.clips), BATCH)


def one_killed(batches: int = 40) -> bool:
    """Of two workers one is killed with all its processes; the other finishes alone."""
    with running(PLAN, start=False) as fleet, worker(fleet), worker(fleet) as victim:
        fleet.wait_ready(2)
        crowd = seal_halves(fleet, batches)
        wait_for(lambda: _committed(fleet, crowd) > batches // 4, 120)
        _pull_the_plug(victim.pid)
        before = _committed(fleet, crowd)
        wait_all_over(fleet.broker, list(crowd.clips), within_s=300)
        outcome = judge(fleet.broker, fleet.store, crowd)
    show(
        f"one of two workers is killed ({PLAN.describe()}; {machine()})",
        {
            "clips": crowd.clip_count,
            "of which committed before": before,
            "lost, doubled, wrong": str(outcome),
        },
    )
    return outcome.clean and 0 < before < crowd.clip_count


def _pull_the_plug(pid: int) -> None:
    """Kill a process and all that it started, as a machine does that loses its power."""
    root = psutil.Process(pid)
    for process in [*root.children(recursive=True), root]:
        process.kill()


def _committed(fleet: Fleet, crowd: Crowd) -> int:
    statuses = (fleet.broker.status(job_id) for job_id in crowd.clips)
    return sum(status.windows_committed for status in statuses if status) // 4
