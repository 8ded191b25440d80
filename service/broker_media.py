"""The broker as the media role uses it: tasks under a lease, and the clips they seal."""

from collections.abc import Mapping, Sequence

from service.broker_types import Lease, MediaTask, TaskKind, Totals
from service.messages import ClipRequest, EventKind, JobState
from service.script import Script


class MediaBroker:
    """Part of `service.broker.Broker`.

    Every call with a lease raises LeaseLostError once the lease has lapsed, was given to
    somebody else, or the job has ended: stop, and write nothing more.
    """

    _script: Script

    def claim_task(
        self, consumer: str, kinds: Sequence[TaskKind] = ("export", "decode"), block_ms: int = 0
    ) -> MediaTask | None:
        """Take the next task: of the first kind that has any, of the tenant whose turn it is.

        A tenant's tasks go by age. Tasks whose holder vanished come first; one that three holders
        in a row did not survive fails with `decode_crashed` or `export_crashed`.

        Args:
            consumer: Unique to this process, also among those before it.
            kinds: What it has a slot for.
            block_ms: How long to wait for a task.
        """
        raise NotImplementedError

    def renew_task(self, lease: Lease) -> bool:
        """Keep a task for another lease; whether it is still ours."""
        raise NotImplementedError

    def seal(self, lease: Lease, request: ClipRequest) -> bool:
        """Hand a clip, whose inputs are in the store, to the workers; False if it was there."""
        raise NotImplementedError

    def has_clip(self, job_id: str, clip: str) -> bool:
        """Whether a clip was sealed before, so that its inputs need not be stored again."""
        raise NotImplementedError

    def unprocessed_windows(self, job_id: str) -> int:
        """Return the windows of a job that are sealed, not committed; decoding pauses at many."""
        raise NotImplementedError

    def progress(
        self, lease: Lease, kind: EventKind, data: Mapping[str, str | int | float | None]
    ) -> None:
        """Record how far a task is: `decoding` {frames, expected}, `person_found`, `progress`.

        As often as you like: of each kind (and stage) an event goes out at most 4 times a second,
        `person_found` always.
        """
        raise NotImplementedError

    def reserve(self, lease: Lease, gpu_s: float) -> None:
        """Correct what is reserved for a job, once its video is known."""
        raise NotImplementedError

    def decoded(self, lease: Lease, totals: Totals) -> JobState:
        """Say that a job's clips are all sealed, and return the state that this leaves it in.

        Where nothing was sealed, the job fails with `no_person_found`. Where Redis has lost some
        of the seals, the task is queued once more, and the state is `queued`.
        """
        raise NotImplementedError

    def export_done(self, lease: Lease, path: str, size_bytes: int) -> None:
        """Say that an export is in the store."""
        raise NotImplementedError

    def fail(self, lease: Lease, code: str, message: str) -> None:
        """End the task: its job, or its export, failed."""
        raise NotImplementedError

    def release(self, lease: Lease) -> None:
        """Hand a task back unfinished, as when this process goes down. Never raises for a lease."""
        raise NotImplementedError
