"""The broker as the media role uses it: tasks under a lease, and the clips they seal."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress

from service.broker_replies import read_task
from service.broker_types import Lease, MediaTask, TaskKind, Totals
from service.errors import LeaseLostError
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

        A tenant's tasks go by age, so that those whose holder vanished go first. One that three
        holders in a row did not survive, without getting further, fails with `decode_crashed` or
        `export_crashed`.

        Args:
            consumer: Unique to this process, also among those before it.
            kinds: What it has a slot for.
            block_ms: How long to wait for a task.
        """
        found = self._script.blocking(
            lambda: self._script.call("claim_task", consumer, *kinds),
            lambda redis, wait_s: redis.blpop([f"remocap:wake:{kind}" for kind in kinds], wait_s),
            block_ms,
        )
        return read_task(consumer, found) if found else None

    def renew_task(self, lease: Lease) -> bool:
        """Keep a task for another lease; whether it is still ours."""
        try:
            self._script.call("renew_task", *lease)
        except LeaseLostError:
            return False
        return True

    def seal(self, lease: Lease, request: ClipRequest, track: int | None = None) -> bool:
        """Hand a clip, whose inputs are in the store, to the workers; False if it was there.

        Args:
            lease: Of the task.
            request: The clip.
            track: Whose it is; the first of somebody is told as `person_found` {track, frame}.
        """
        found = () if track is None else (track, request.first_frame)
        clip = request.clip, request.windows, request.encode()
        return bool(self._script.call("seal", *lease, *clip, *found))

    def has_clip(self, job_id: str, clip: str) -> bool:
        """Whether a clip was sealed before, so that its inputs need not be stored again."""
        return bool(self._script.call("has_clip", job_id, clip))

    def unprocessed_windows(self, job_id: str) -> int:
        """Return the windows of a job that are sealed, not committed; decoding pauses at many."""
        return int(self._script.call("unprocessed_windows", job_id))

    def progress(
        self, lease: Lease, kind: EventKind, data: Mapping[str, str | int | float | None]
    ) -> None:
        """Record how far a task is: `decoding` {frames, expected}, or `progress`.

        As often as you like: of each kind (and stage) an event goes out at most 4 times a second.
        """
        told = {name: value for name, value in data.items() if value is not None}
        self._script.call("progress", *lease, kind, json.dumps(told))

    def reserve(self, lease: Lease, gpu_s: float) -> None:
        """Correct what is reserved for a job, once its video is known."""
        self._script.call("reserve", *lease, round(gpu_s * 1000))

    def decoded(self, lease: Lease, totals: Totals) -> JobState:
        """Say that a job's clips are all sealed, and return the state that this leaves it in.

        Where nothing was sealed, the job fails with `no_person_found`. Where Redis has lost some
        of the seals, the task is queued once more, and the job goes on running.
        """
        gpu_ms = "" if totals.estimated_gpu_s is None else round(totals.estimated_gpu_s * 1000)
        counts = (totals.frames, totals.people, totals.clips, gpu_ms)
        state: JobState = self._script.call("decoded", *lease, *counts)
        return state

    def export_done(self, lease: Lease, path: str, size_bytes: int) -> None:
        """Say that an export is in the store."""
        self._script.call("export_done", *lease, path, size_bytes)

    def fail(self, lease: Lease, code: str, message: str) -> None:
        """End the task: its job, or its export, failed."""
        self._script.call("fail", *lease, code, message)

    def release(self, lease: Lease, *, later: bool = False) -> None:
        """Hand a task back unfinished, as when this process goes down. Never raises for a lease.

        Args:
            lease: Of the task.
            later: Put it behind all of its tenant's that wait, as if it had just been added.
        """
        with suppress(LeaseLostError):
            self._script.call("release", *lease, int(later))

    def vanished(self, lease: Lease) -> None:
        """Say that a task's holder crashed, as if its lease had lapsed; never raises."""
        with suppress(LeaseLostError):
            self._script.call("vanished", *lease)
