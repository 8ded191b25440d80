"""Many jobs of random size, sealed one after the other while the workers are at it."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread

import numpy as np

from model.clips import Clip
from service.broker import Broker
from service.messages import OVER, Job
from service.store import Store
from tests.load.fleet import Fleet, wait_for
from tests.service.sealed import (
    SLEEPING,
    committed,
    expected_camera,
    make_clip,
    name_of,
    seal_job,
)

Expected = Callable[[Clip], np.ndarray]
"""The camera f32[n,3] that a clip should get."""


@dataclass
class Crowd:
    """Jobs by id, and the clips of each."""

    clips: dict[str, Sequence[Clip]] = field(default_factory=dict)

    @property
    def clip_count(self) -> int:
        return sum(len(clips) for clips in self.clips.values())


@dataclass(frozen=True)
class Outcome:
    """How a crowd of jobs ended.

    Attributes:
        lost: Jobs that did not succeed, and clips of the others without a commit.
        doubled: Clips that were committed more than once.
        wrong: Clips whose committed result is not their own.
    """

    lost: int
    doubled: int
    wrong: int

    def __str__(self) -> str:
        return f"{self.lost}, {self.doubled}, {self.wrong}"

    @property
    def clean(self) -> bool:
        return self.lost == self.doubled == self.wrong == 0


@dataclass(frozen=True)
class Shape:
    """What the jobs of a crowd are like.

    Attributes:
        template: Their job, but for its id.
        clips: The most clips of a job.
        windows: The most windows of a clip.
    """

    template: Job = SLEEPING
    clips: int = 7
    windows: int = 4


def random_clips(numbers: random.Random, shape: Shape) -> list[Clip]:
    """The clips of one job, of one or two people."""
    clips: list[Clip] = []
    ends = {1: 0, 2: 0}
    sees, lively = shape.template.input, shape.template is not SLEEPING
    for _ in range(numbers.randint(1, shape.clips)):
        track_id, windows = numbers.randint(1, 2), numbers.randint(1, shape.windows)
        clip = make_clip(
            ends[track_id], windows=windows, track_id=track_id, sees=sees, lively=lively
        )
        clips.append(clip)
        ends[track_id] += windows
    return clips


def seal_crowd(
    fleet: Fleet, jobs: int, span_s: float, shape: Shape | None = None
) -> tuple[Crowd, Thread]:
    """Seal jobs at an even pace from a thread; the crowd grows as it does."""
    crowd, numbers, shape = Crowd(), random.Random(1), shape or Shape()

    def seal() -> None:
        begun_s = time.monotonic()
        for number in range(jobs):
            clips = random_clips(numbers, shape)
            crowd.clips[seal_job(fleet.broker, fleet.store, clips, shape.template)] = clips
            ahead_s = begun_s + span_s * (number + 1) / jobs - time.monotonic()
            time.sleep(max(ahead_s, 0))

    thread = Thread(target=seal)
    thread.start()
    return crowd, thread


def wait_all_over(broker: Broker, job_ids: Sequence[str], within_s: float) -> None:
    """Wait until every job has ended, one way or another."""
    left = set(job_ids)

    def none_left() -> bool:
        for job_id in list(left):
            status = broker.status(job_id)
            if status is None or status.state in OVER:
                left.discard(job_id)
        return not left

    wait_for(none_left, within_s)


def judge(
    broker: Broker, store: Store, crowd: Crowd, expected: Expected = expected_camera
) -> Outcome:
    """Compare what was committed with what should have been, to a thousandth."""
    lost = doubled = wrong = 0
    for job_id, clips in crowd.clips.items():
        status = broker.status(job_id)
        if status is None or status.state != "succeeded":
            lost += 1
            continue
        commits = [e for e in broker.events(job_id, 0, 10_000) if e.kind == "clip_committed"]
        doubled += len(commits) - len({event.data["clip"] for event in commits})
        cameras = committed(broker, store, job_id)
        for clip in clips:
            camera = cameras.get(name_of(clip))
            lost += camera is None
            wrong += camera is not None and not np.allclose(camera, expected(clip), atol=1e-3)
    return Outcome(lost, doubled, wrong)


def show(title: str, figures: Mapping[str, object]) -> None:
    """Print figures, a line each."""
    print(f"\n{title}")
    for name, value in figures.items():
        print(f"  {name:<44} {f'{value:.3f}' if isinstance(value, float) else value}")
