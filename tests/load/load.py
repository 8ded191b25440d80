"""How fast, how full, how fair, and how much memory of Redis.

    python -m tests.load.load                   all of it: `make load`
    python -m tests.load.load throughput fairness

Real processes, a real Redis; clips that are sealed without a video, but for `uploads`. Figures that
matter are ratios, measured in one run; settings are printed beside them.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

import torch

from model.clips import Clip
from service.logs import set_up_logs
from service.runner import Runner, load_runner
from service.settings import load_settings
from service.sleeping import FaultSettings, SleepingRunner
from service.stacking import join_inputs, take_rows
from tests.load import fronts, memory, readers, rpc_reader, rpc_stream
from tests.load.crowd import Shape, random_clips, show, wait_all_over
from tests.load.fleet import Fleet, Plan, free_port, machine, running, workers
from tests.load.overhead import overhead
from tests.load.rates import steady_windows_per_s
from tests.load.scaling import one_killed, scaling
from tests.load.uploads import uploads
from tests.service.sealed import make_clip, real_job, seal_job

OF_CLIPS = ("equality", "paced_stream")  # scenes of the clips beside the project
BATCH = 16  # windows
SLEEP = {"sleeping": 1, "batch_ms": 20, "window_ms": 5}  # 100 ms a batch: 1280 frames/s


def raw_windows_per_s(runner: Runner, clips: Sequence[Clip], batch: int, batches: int) -> float:
    """What the model does in one process, without queue and store, at full batches."""
    inputs = take_rows(join_inputs([clip.inputs for clip in clips]), slice(0, 8 * batch))
    runner.predict(inputs)
    begun_s = time.perf_counter()
    for _ in range(batches):
        runner.predict(inputs)
    return batches * batch / (time.perf_counter() - begun_s)


def throughput(batches: int = 60, least: float = 0.95) -> bool:
    """Windows a second of one worker, against the same model in a process of its own."""
    plan = Plan(
        workers=1,
        settings={"batch_windows": BATCH, "worker_port": free_port()},
        tests=SLEEP,
    )
    clips = [make_clip(4 * n, windows=4) for n in range(batches * BATCH // 4)]
    runner = SleepingRunner(FaultSettings(**SLEEP))
    raw = [raw_windows_per_s(runner, clips[:BATCH], BATCH, batches // 2)]
    with running(plan, start=False) as fleet:
        halves = clips[::2], clips[1::2]
        jobs = [seal_job(fleet.broker, fleet.store, half) for half in halves]
        with workers(fleet):
            wait_all_over(fleet.broker, jobs, within_s=600)
            fill = mean_fill(fleet)
        served = steady_windows_per_s(fleet.broker, jobs, BATCH)
    raw.append(raw_windows_per_s(runner, clips[:BATCH], BATCH, batches // 2))
    ratio = served / statistics.mean(raw)
    show(
        f"throughput, sleeping model ({plan.describe()}; {machine()})",
        {
            "raw before and after, windows/s": ", ".join(f"{one:.1f}" for one in raw),
            "served, windows/s": served,
            f"ratio to their mean (expected: {least:g})": ratio,
            "mean batch fill": fill,
        },
    )
    return ratio >= least


def mean_fill(fleet: Fleet) -> float:
    """Windows of a batch, of the most it may hold; mean over all batches."""
    name = "remocap_batch_fill_ratio"
    return fleet.metric(f"{name}_sum") / fleet.metric(f"{name}_count")


def fill(jobs: int = 120, least: float = 0.9) -> bool:
    """Clips of all sizes, two batches of them waiting at any time."""
    plan = Plan(
        workers=1,
        settings={"batch_windows": BATCH, "worker_port": free_port()},
        tests=SLEEP,
    )
    numbers = random.Random(3)
    with running(plan, start=False) as fleet:
        ids = [
            seal_job(fleet.broker, fleet.store, random_clips(numbers, Shape())) for _ in range(jobs)
        ]
        with workers(fleet):
            wait_all_over(fleet.broker, ids, within_s=600)
            mean = mean_fill(fleet)
    show(
        f"batch fill, clips of 1 to 4 windows ({plan.describe()})",
        {"jobs": jobs, f"mean batch fill (expected: {least:g})": mean},
    )
    return mean >= least


def fairness(
    long_clips: int = 2000,
    short_jobs: int = 10,
    short_clips: int = 8,
    most: float = 2,
    long_most: float = 1.1,
) -> bool:
    """Short jobs behind a long one, against the same alone."""
    plan = Plan(workers=1, settings={"batch_windows": BATCH}, tests=SLEEP)
    long, short = [long_clips], [short_clips] * short_jobs
    alone_s = _times_s(plan, short)
    (long_alone_s,) = _times_s(plan, long)
    long_s, *together_s = _times_s(plan, long + short)
    ratio = statistics.median(together_s) / statistics.median(alone_s)
    work_s = sum(short) / long_clips * long_alone_s
    long_ratio = long_s / (long_alone_s + work_s)
    show(
        f"fairness, clips of one window ({plan.describe()}; {machine()})",
        {
            f"{short_jobs} jobs of {short_clips} clips alone, median s": statistics.median(alone_s),
            f"behind one of {long_clips} clips, median s": statistics.median(together_s),
            f"ratio (allowed: {most:g})": ratio,
            "the long one alone, s": long_alone_s,
            "together, s": long_s,
            f"of alone and the short ones' work (allowed: {long_most:g})": long_ratio,
        },
    )
    return ratio <= most and long_ratio <= long_most


def _times_s(plan: Plan, clip_counts: Sequence[int]) -> list[float]:
    """Seconds from the worker's first moment until each job is done, all sealed before it."""
    with running(plan, start=False) as fleet:
        jobs = [
            seal_job(fleet.broker, fleet.store, [make_clip(n) for n in range(count)])
            for count in clip_counts
        ]
        with workers(fleet):
            fleet.wait_ready(1)
            begun_s = fleet.broker.census().now_s
            wait_all_over(fleet.broker, jobs, within_s=900)
        ends = [fleet.broker.status(job_id) for job_id in jobs]
        return [(end.finished_s or 0) - begun_s for end in ends if end is not None]


def redis_memory(clips: int = 1000) -> bool:
    """What a clip costs Redis while it waits, and once it is committed."""
    plan = Plan(workers=1, tests={"sleeping": 1})
    with running(plan, start=False) as fleet:
        seal_job(fleet.broker, fleet.store, [make_clip()])  # what every job and model costs
        before = _used_bytes(fleet)
        job_id = seal_job(fleet.broker, fleet.store, [make_clip(n) for n in range(clips)])
        waiting = (_used_bytes(fleet) - before) / clips
        with workers(fleet):
            wait_all_over(fleet.broker, [job_id], within_s=600)
        done = (_used_bytes(fleet) - before) / clips
    show(
        f"memory of Redis ({plan.describe()})",
        {
            "clips": clips,
            "bytes a clip that waits (allowed: 4096)": waiting,
            "bytes a clip that is committed": done,
        },
    )
    return max(waiting, done) <= 4096


def _used_bytes(fleet: Fleet) -> int:
    """What Redis keeps as data; buffers of connections that come and go are no clip's."""
    return int(fleet.broker.redis.info("memory")["used_memory_dataset"])


def network(batches: int = 6) -> bool:
    """Windows a second of one worker with the model in force, against that model by itself."""
    runner = load_runner(load_settings(device="cpu"))
    job = real_job()
    plan = Plan(workers=1, settings={"worker_port": free_port(), "device": "cpu"})
    with running(plan, start=False) as fleet:
        with workers(fleet):
            fleet.wait_ready(1)
            (batch,) = [model.batch_windows for model in fleet.broker.models()]
        per_clip = min(batch, 4)
        clips = [
            make_clip(per_clip * n, windows=per_clip, sees=job.input, lively=True)
            for n in range((batches + 1) * batch // per_clip)
        ]
        raw = [raw_windows_per_s(runner, clips, batch, batches)]
        job_id = seal_job(fleet.broker, fleet.store, clips, job)
        with workers(fleet):
            wait_all_over(fleet.broker, [job_id], within_s=900)
            fill = mean_fill(fleet)
        served = steady_windows_per_s(fleet.broker, [job_id], batch)
        raw.append(raw_windows_per_s(runner, clips, batch, batches))
    show(
        f"throughput, {runner.key} ({plan.describe()}; {machine()})",
        {
            "windows a batch, as the worker found them": batch,
            "raw before and after, windows/s": ", ".join(f"{one:.2f}" for one in raw),
            "served, windows/s": served,
            "ratio to their mean (expected: 0.95)": served / statistics.mean(raw),
            "mean batch fill": fill,
        },
    )
    return served / statistics.mean(raw) >= 0.95


def main() -> None:
    """Measure what is asked for, and say whether all was as expected."""
    scenes: dict[str, Callable[[], bool]] = {
        "throughput": throughput,
        "fill": fill,
        "fairness": fairness,
        "scaling": scaling,
        "one_killed": one_killed,
        "uploads": uploads,
        "memory": redis_memory,
        "network": network,
        "overhead": overhead,
        "equality": fronts.equality,
        "upload": memory.upload,
        "results": memory.results,
        "slow_readers": readers.slow_readers,
        "paced_stream": rpc_stream.paced_stream,
        "slow_rpc_reader": rpc_reader.slow_rpc_reader,
    }
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", help=f"{', '.join(scenes)}; all if none")
    options = parser.parse_args()
    set_up_logs("load", level="error")
    torch.set_num_threads(1)  # as the workers
    chosen = options.what or [*scenes]
    if not options.what and not fronts.CLIPS.is_dir():
        chosen = [name for name in scenes if name not in OF_CLIPS]
        print(f"left out, as ../shared (test clips) is not there: {', '.join(OF_CLIPS)}")
    failed = [name for name in chosen if not scenes[name]()]
    print(f"\nnot as expected: {', '.join(failed)}" if failed else "\nall as expected")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
