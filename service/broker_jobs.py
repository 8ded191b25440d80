"""The broker as the api uses it: jobs, their events and exports, and what is going on."""

from collections.abc import Iterator, Sequence

from service.broker_types import (
    Census,
    ExportState,
    JobStatus,
    Limits,
    ModelStatus,
    Submitted,
)
from service.messages import DeadClip, Done, Event, ExportRequest, Job
from service.script import Script


class JobBroker:
    """Part of `service.broker.Broker`."""

    _script: Script

    def submit(self, job: Job, limits: Limits | None = None) -> Submitted:
        """Queue a job. Its `job.json` is in the store already.

        Submitting the same id again changes nothing. Where the tenant has a job of the same
        idempotency key, that job is returned, and the new one is not queued.

        Args:
            job: What to do.
            limits: Refuse what goes over them; None takes the job in any case.

        Raises:
            IdempotencyConflictError: The key came with another digest.
            OverCapacityError: `tenant_over_limit`, `service_over_limit`.
        """
        raise NotImplementedError

    def status(self, job_id: str) -> JobStatus | None:
        """Return how a job stands, or None where Redis does not know it."""
        raise NotImplementedError

    def list_jobs(self, tenant: str, limit: int = 50, before: str | None = None) -> list[JobStatus]:
        """Return a tenant's jobs, the latest first; `before` is the last id of the page before."""
        raise NotImplementedError

    def cancel(self, job_id: str, code: str = "cancelled", message: str = "") -> bool:
        """End a job as cancelled; whether it was live. No clip of it starts from now on."""
        raise NotImplementedError

    def fail_job(self, job_id: str, code: str, message: str) -> bool:
        """End a job as failed, as when its upload breaks off; whether it was live."""
        raise NotImplementedError

    def erase(self, job_id: str) -> bool:
        """Mark a job as deleted, cancelling it if it is live; whether Redis knew it.

        Its results, events and exports are forgotten. Who calls it erases the store with
        `service.reconciler.archive`.
        """
        raise NotImplementedError

    def events(self, job_id: str, after: int = 0, limit: int = 256) -> list[Event]:
        """Return the next events with a number above `after`, in order."""
        raise NotImplementedError

    def results(self, job_id: str) -> dict[str, str]:
        """Return the path in the store of every committed clip, by clip."""
        raise NotImplementedError

    def watch(self, job_id: str, watcher: str, ttl_s: float = 30) -> None:
        """Say that somebody waits for the job; to be repeated within `ttl_s`."""
        raise NotImplementedError

    def unwatch(self, job_id: str, watcher: str) -> int:
        """Take that back, and return how many others still wait for the job."""
        raise NotImplementedError

    def notifications(self, poll_s: float = 1.0) -> Iterator[str | None]:
        """Yield the id of every job that changes, from now on; None where nothing does for a while.

        Some may be missed while Redis is away, so look at the job itself too at every None.
        """
        raise NotImplementedError

    def request_export(self, request: ExportRequest) -> ExportState:
        """Have an export made unless it is there or on its way; one that failed is tried again.

        Raises:
            NotFoundError: `unknown_job`.
            NotReadyError: `not_ready`, while the job runs.
        """
        raise NotImplementedError

    def export_state(self, job_id: str, export: str) -> ExportState | None:
        """Return how an export stands, or None where it was never asked for."""
        raise NotImplementedError

    def models(self) -> list[ModelStatus]:
        """Return how every model that was asked for or announced is served."""
        raise NotImplementedError

    def census(self) -> Census:
        """Count what Redis holds."""
        raise NotImplementedError

    def dead_clips(self, limit: int = 100) -> list[DeadClip]:
        """Return the latest dead letters, newest first."""
        raise NotImplementedError

    def known(self, job_ids: Sequence[str]) -> list[bool]:
        """Return which jobs Redis knows."""
        raise NotImplementedError

    def restore(self, job: Job, done: Done) -> bool:
        """Tell Redis of a job that ended before it forgot; whether it did not know it."""
        raise NotImplementedError

    def unarchived(self, limit: int = 100) -> list[str]:
        """Return jobs that ended, and whose `done.json` is not written yet."""
        raise NotImplementedError

    def archived(self, job_id: str) -> None:
        """Say that a job's `done.json` is in the store."""
        raise NotImplementedError
