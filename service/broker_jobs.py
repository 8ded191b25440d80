"""The broker as the api uses it: jobs, their events and exports, and what is going on."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from redis import exceptions

from service.broker_access import NOBODY, Visitor, limits_ms
from service.broker_replies import read_census, read_change, read_export, read_model, read_status
from service.broker_types import (
    Census,
    Change,
    ExportState,
    JobStatus,
    Limits,
    ModelStatus,
    Submitted,
)
from service.errors import BadMessageError
from service.messages import DeadClip, Done, Event, ExportRequest, Job
from service.script import Script

_RECONNECT_S = 0.2


class JobBroker:
    """Part of `service.broker.Broker`."""

    _script: Script

    def submit(
        self, job: Job, limits: Limits | None = None, visitor: Visitor = NOBODY
    ) -> Submitted:
        """Queue a job. Its `job.json` is in the store before the request that made it is answered.

        Submitting the same id again changes nothing. Where the tenant has a job of the same
        idempotency key, that job is returned, and the new one is not queued.

        Args:
            job: What to do.
            limits: Refuse what goes over them; None takes the job in any case, and so does an
                earlier `admit` of the same id.
            visitor: By whom a client is known that comes back.

        Raises:
            IdempotencyConflictError: The key came with another digest.
            OverCapacityError: `tenant_over_limit`, `service_over_limit`.
        """
        return self._submit(job, 0, *limits_ms(limits), *visitor)

    def resubmit(self, job: Job) -> Submitted:
        """Queue a job that Redis has forgotten; it was accepted before, so no limit counts.

        Its events take numbers above all that were handed out the first time.
        """
        return self._submit(job, _late_seq(job), *limits_ms(None), *NOBODY)

    def _submit(self, job: Job, seq: int, *admission: int | str) -> Submitted:
        deadline = "" if job.deadline_s is None else job.deadline_s
        numbers = (job.created_s, deadline, _ms(job.estimated_gpu_s), seq)
        job_id, created = self._script.call("submit", *_names(job), *numbers, *admission)
        return Submitted(job_id, bool(created))

    def status(self, job_id: str) -> JobStatus | None:
        """Return how a job stands, or None where Redis does not know it."""
        fields, *more = self._script.call("status", job_id)
        return read_status(fields, *more) if fields else None

    def list_jobs(self, tenant: str, limit: int = 50, before: str | None = None) -> list[JobStatus]:
        """Return a tenant's jobs, the latest first; `before` is the last id of the page before."""
        ids = self._script.call("list_jobs", tenant, limit, before or "")
        found = [self.status(job_id) for job_id in ids]
        return [status for status in found if status is not None]

    def cancel(self, job_id: str, code: str = "cancelled", message: str = "") -> bool:
        """End a job as cancelled; whether it was live. No clip of it starts from now on."""
        return bool(self._script.call("finish", job_id, "cancelled", code, message))

    def fail_job(self, job_id: str, code: str, message: str) -> bool:
        """End a job as failed, as when its upload breaks off; whether it was live."""
        return bool(self._script.call("finish", job_id, "failed", code, message))

    def erase(self, job_id: str) -> bool:
        """Mark a job as deleted, cancelling it if it is live; whether Redis knew it.

        Its results, events and exports are forgotten. Who calls it erases the store with
        `service.reconciler.archive`.
        """
        return bool(self._script.call("erase", job_id))

    def events(self, job_id: str, after: int = 0, limit: int = 256) -> list[Event]:
        """Return the next events with a number above `after`, in order."""
        key = f"remocap:job:{job_id}:events"
        found = self._script.patiently(
            lambda redis: redis.zrangebyscore(key, f"({after}", "+inf", start=0, num=limit)
        )
        return [Event.decode(text) for text in found]

    def results(self, job_id: str) -> dict[str, str]:
        """Return the path in the store of every committed clip, by clip."""
        key = f"remocap:job:{job_id}:results"
        return dict(self._script.patiently(lambda redis: redis.hgetall(key)))

    def watch(self, job_id: str, watcher: str, ttl_s: float = 30) -> None:
        """Say that somebody waits for the job; to be repeated within `ttl_s`."""
        self._script.call("watch", job_id, watcher, _ms(ttl_s))

    def unwatch(self, job_id: str, watcher: str) -> int:
        """Take that back, and return how many others still wait for the job."""
        return int(self._script.call("unwatch", job_id, watcher))

    def notifications(self, poll_s: float = 1.0) -> Iterator[Change | None]:
        """Yield every change of a job from now on; None where there is none for a while.

        Some may be missed while Redis is away, so look at the job itself too at every None.
        """
        client: Any = self._script.redis
        while True:
            try:
                with client.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe("remocap:notify")
                    while True:
                        message = channel.get_message(timeout=poll_s)
                        yield read_change(message["data"]) if message else None
            except exceptions.ConnectionError:
                yield None
                time.sleep(_RECONNECT_S)

    def read_ending(self, change: Change) -> JobStatus | None:
        """Return how a job ended, None where a change does not tell or nobody here can read it."""
        with suppress(ValueError, KeyError, TypeError, BadMessageError):
            return read_status(*json.loads(change.ending)) if change.ending else None
        return None

    def request_export(self, request: ExportRequest) -> ExportState:
        """Have an export made unless it is there or on its way; one that failed is tried again.

        Raises:
            NotFoundError: `unknown_job`.
            NotReadyError: `not_ready`, while the job runs.
        """
        reply = self._script.call("request_export", request.job, request.export, request.encode())
        return read_export(reply)

    def export_state(self, job_id: str, export: str) -> ExportState | None:
        """Return how an export stands, or None where it was never asked for."""
        key = f"remocap:job:{job_id}:exports"
        found = self._script.patiently(lambda redis: redis.hget(key, export))
        return read_export(found) if found else None

    def models(self) -> list[ModelStatus]:
        """Return how every model that was asked for or announced is served."""
        return [read_model(fields) for fields in self._script.call("models")]

    def census(self) -> Census:
        """Count what Redis holds."""
        return read_census(self._script.call("census"))

    def dead_clips(self, limit: int = 100) -> list[DeadClip]:
        """Return the latest dead letters, newest first."""
        found = self._script.patiently(lambda redis: redis.xrevrange("remocap:dead", count=limit))
        return [DeadClip.decode(fields["clip"]) for _, fields in found]

    def known(self, job_ids: Sequence[str]) -> list[bool]:
        """Return which jobs Redis knows."""

        def ask(redis: Any) -> Any:
            pipe = redis.pipeline(transaction=False)
            for job_id in job_ids:
                pipe.exists(f"remocap:job:{job_id}")
            return pipe.execute()

        return [bool(found) for found in self._script.patiently(ask)] if job_ids else []

    def restore(self, job: Job, done: Done) -> bool:
        """Tell Redis of a job that ended before it forgot; whether it did not know it."""
        return bool(self._script.call("restore", *_names(job), done.encode(), _late_seq(job)))

    def unarchived(self, limit: int = 100) -> list[str]:
        """Return jobs that ended, and whose `done.json` is not written yet."""
        found = self._script.patiently(lambda redis: redis.srandmember("remocap:unarchived", limit))
        return [str(job_id) for job_id in found]

    def archived(self, job_id: str) -> None:
        """Say that a job's `done.json` is in the store."""
        self._script.patiently(lambda redis: redis.srem("remocap:unarchived", job_id))


def _names(job: Job) -> tuple[str, ...]:
    key = job.idempotency_key or ""
    return (job.id, job.encode(), job.tenant, job.model_key, key, job.request_digest)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _late_seq(job: Job) -> int:
    """More than the events so far, of which there are fewer than 1000 a second."""
    return max(0, _ms(time.time() - job.created_s))
