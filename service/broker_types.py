"""What the broker answers, and what it is asked with, beside the messages."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from service.messages import OVER, ClipRequest, ExportRequest, Job, JobState

TaskKind = Literal["decode", "export"]


class Limits(NamedTuple):
    """What may wait, in estimated seconds of network time."""

    total_gpu_s: float
    tenant_gpu_s: float


class Submitted(NamedTuple):
    """Which job answers a request: a new one, or that of an earlier request of the same key."""

    job_id: str
    created: bool


@dataclass(frozen=True)
class JobStatus:
    """A job as Redis knows it.

    Attributes:
        job: As submitted.
        state: Where it stands.
        started_s, finished_s: When it left `queued`, and when it ended.
        code, message: Why it failed or was cancelled.
        frames, frames_expected: Decoded so far, and in all where the video tells.
        decoded: Whether decoding is done, so that no clip will be added.
        people: Found so far.
        clips, clips_committed: Sealed so far, and answered.
        windows, windows_committed: The same in windows.
        last_seq: Number of its latest event.
        erased: Whether its upload and results were deleted on request.
        results: Of one that has succeeded, paths by clip if they are few; empty where they are
            many or unknown, see `Broker.results`.
    """

    job: Job
    state: JobState
    started_s: float | None
    finished_s: float | None
    code: str | None
    message: str | None
    frames: int
    frames_expected: int | None
    decoded: bool
    people: int
    clips: int
    clips_committed: int
    windows: int
    windows_committed: int
    last_seq: int
    erased: bool
    results: Mapping[str, str]

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in OVER


class Change(NamedTuple):
    """A job has changed.

    Attributes:
        job: Its id.
        over: Whether it has ended, or was forgotten.
        ending: How it ended, for `Broker.read_ending`; empty where that was not told.
    """

    job: str
    over: bool
    ending: str = ""


class ExportState(NamedTuple):
    """An export: waiting or being made, there, or failed."""

    state: Literal["pending", "ready", "failed"]
    path: str | None = None
    size_bytes: int = 0
    code: str | None = None
    message: str | None = None


class Lease(NamedTuple):
    """A task that one media process holds. The fence tells its claims of the same task apart."""

    task_id: str
    consumer: str
    fence: int


@dataclass(frozen=True)
class MediaTask:
    """Work for the media role.

    Attributes:
        lease: To be renewed at a third of the lease's length, and shown with every call.
        kind: What to do.
        job: For which job.
        attempts: Earlier holders that vanished without getting further than those before them.
        sealed: Clips that earlier holders handed to the workers.
        export: Which file to make, where the kind is `export`.
    """

    lease: Lease
    kind: TaskKind
    job: Job
    attempts: int
    sealed: int = 0
    export: ExportRequest | None = None


@dataclass(frozen=True)
class Delivery:
    """A clip that one worker holds.

    Attributes:
        request: The clip.
        worker: Who holds it.
        lease: Names this delivery; a later one of the same clip has another.
        attempts: How many were started before and vanished.
        alone: Whether it must run in a batch of its own.
        queued_s: When it was admitted to the queue.
        started: Whether this attempt is counted already.
    """

    request: ClipRequest
    worker: str
    lease: str
    attempts: int
    alone: bool
    queued_s: float
    started: bool = False


@dataclass(frozen=True)
class Totals:
    """What decoding found, once it is done.

    Attributes:
        frames: Decoded.
        people: Found.
        clips: Sealed, those of earlier attempts included.
        estimated_gpu_s: What to keep reserved; None leaves it.
    """

    frames: int
    people: int
    clips: int
    estimated_gpu_s: float | None = None


@dataclass(frozen=True)
class ModelStatus:
    """How a model is served.

    Attributes:
        model_key: Name and weights.
        workers: Live ones.
        batch_windows: Of all live workers together.
        last_seen_s: When a worker last announced itself, or, before the first did, when the model
            was first asked for.
        waiting_windows: Sealed, not yet admitted to the queue.
        admitted_windows: In the queue or with a worker.
        oldest_s: When the oldest admitted clip was, None where there is none.
        windows_per_s: Committed, lately.
    """

    model_key: str
    workers: int
    batch_windows: int
    last_seen_s: float
    waiting_windows: int
    admitted_windows: int
    oldest_s: float | None
    windows_per_s: float


@dataclass(frozen=True)
class Census:
    """Counts of what Redis holds, for metrics and for Retry-After.

    Attributes:
        now_s: Redis's clock.
        jobs: By state.
        reserved_gpu_s: Of all live jobs.
        tasks: Ready media tasks by kind.
        dead_clips: In the dead-letter stream.
    """

    now_s: float
    jobs: Mapping[str, int]
    reserved_gpu_s: float
    tasks: Mapping[str, int]
    dead_clips: int
