"""Short videos behind a long one, decoded by one media process with a single slot."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import av

from model.types import WINDOW
from service.messages import JobOptions
from tests.load.crowd import show, wait_all_over
from tests.load.fleet import Fleet, Plan, machine, running, workers
from tests.service.jobs_of_videos import SAMPLE, submit_video
from tests.service.sealed import SLEEPING

PLAN = Plan(
    workers=1,
    media=1,
    settings={"batch_windows": 16, "media_slots": 1},
    tests={"sleeping": 1, "batch_ms": 20, "window_ms": 5},
)


def uploads(
    long_clips: int = 500,
    short_jobs: int = 10,
    short_clips: int = 8,
    most: float = 2,
    long_most: float = 1.1,
) -> bool:
    """Videos that give so many clips of one window, against the same alone."""
    long, short = [long_clips], [short_clips] * short_jobs
    alone_s = times_s(short)
    (long_alone_s,) = times_s(long)
    long_s, *together_s = times_s(long + short)
    ratio = statistics.median(together_s) / statistics.median(alone_s)
    work_s = sum(short) / long_clips * long_alone_s
    long_ratio = long_s / (long_alone_s + work_s)
    show(
        f"fairness of uploads ({PLAN.describe()}; {machine()})",
        {
            f"{short_jobs} videos of {short_clips} clips alone, median s": statistics.median(
                alone_s
            ),
            f"behind one of {long_clips} clips, median s": statistics.median(together_s),
            f"ratio (allowed: {most:g})": ratio,
            "the long one alone, s": long_alone_s,
            "together, s": long_s,
            f"of alone and the short ones' work (allowed: {long_most:g})": long_ratio,
        },
    )
    return ratio <= most and long_ratio <= long_most


def times_s(clip_counts: Sequence[int]) -> list[float]:
    """Seconds from when all roles are up until each job is done; all are submitted before."""
    with tempfile.TemporaryDirectory() as folder, running(PLAN, start=False) as fleet:
        jobs = [_submit(fleet, Path(folder), count) for count in clip_counts]
        with workers(fleet):
            fleet.wait_ready(1)
            begun_s = fleet.broker.census().now_s
            wait_all_over(fleet.broker, jobs, within_s=3600)
        ends = [fleet.broker.status(job_id) for job_id in jobs]
    assert all(end is not None and end.state == "succeeded" for end in ends)
    return [(end.finished_s or 0) - begun_s for end in ends if end is not None]


def _submit(fleet: Fleet, folder: Path, clips: int) -> str:
    video = folder / f"{clips}.ts"
    if not video.exists():
        repeat_sample(video, clips * WINDOW)
    options = JobOptions(max_windows=1)
    job = submit_video(fleet.broker, fleet.store, video, options, template=SLEEPING)
    return job.id


def repeat_sample(path: Path, frames: int) -> None:
    """Write so many frames of the sample, forwards and backwards in turn, so that nobody jumps."""
    with av.open(str(SAMPLE)) as source:
        pictures = [frame.to_ndarray(format="yuv420p") for frame in source.decode(video=0)]
    round_trip = pictures + pictures[-2:0:-1]
    with av.open(str(path), "w", format="mpegts") as target:
        height, width = round_trip[0].shape[0] * 2 // 3, round_trip[0].shape[1]
        stream = target.add_stream("libx264", rate=30, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for index in range(frames):
            picture = av.VideoFrame.from_ndarray(round_trip[index % len(round_trip)], "yuv420p")
            picture.pts = index
            target.mux(stream.encode(picture))
        target.mux(stream.encode())
