"""What a front can ask of the service: make a job, look at it, end it. Knows no HTTP and no gRPC.

Synchronous and safe to share among threads.
"""

import hashlib
import json
import re
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Literal

from model.errors import RemocapError, UsageError
from model.registry import find_model, weights_id
from service.broker import Broker
from service.broker_types import JobStatus
from service.errors import (
    DrainingError,
    GoneError,
    ModelUnavailableError,
    NotFoundError,
    ServiceError,
)
from service.estimates import gpu_s_of_bytes
from service.limits import HOLD_S, limits_of, visitor_of
from service.messages import Job, JobOptions
from service.options import ReconstructOptions
from service.reconciler import archive, recall
from service.settings import Settings
from service.store import Store, job_path
from service.upload_parts import PartWriter
from service.webhooks_address import Allowed, check_url

PUBLIC = "public"
"""The tenant of those who show no key."""

_TRUST = 0.05  # of the longest absence, for which a model that was served is taken to be so
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        tenant: Whose jobs they see.
        idempotency_key: Their name for this request, so that a repeated one makes no second job.
        address: Where they are.
        key_id: Of the key that they showed.
        max_gpu_s: What their tenant may have waiting, in place of the setting.
        only_job: The one job that they may see, and not change.
        by_session: Whether a browser vouches for them.
    """

    tenant: str = PUBLIC
    idempotency_key: str | None = None
    address: str = ""
    key_id: str | None = None
    max_gpu_s: float | None = None
    only_job: str | None = None
    by_session: bool = False


class Jobs:
    """The jobs of all tenants.

    Args:
        settings: Limits and defaults.
        store: Where videos and results lie.
        broker: The queue.

    Attributes:
        draining: Whether this process takes no new jobs any more.
    """

    def __init__(self, settings: Settings, store: Store, broker: Broker) -> None:
        self.settings, self.store, self.broker = settings, store, broker
        self.draining = False
        self._served_until_s: dict[str, float] = {}  # by model, monotonic: not asked before

    def prepare(
        self,
        options: ReconstructOptions,
        caller: Caller,
        size_bytes: int | None,
        job_id: str | None = None,
        earlier: Job | None = None,
    ) -> Job:
        """Make a job that is not yet submitted, or refuse it.

        Args:
            options: What is asked for.
            caller: Who asks.
            size_bytes: Of the request, where it is stated.
            job_id: As `new_job_id` makes one, where that was done already.
            earlier: The same job, as it was prepared before all of its options had come.

        Raises:
            UsageError: `unknown_model`, `bad_time_range`, `bad_webhook`.
            DrainingError, ModelUnavailableError: Not now.
        """
        if self.draining:
            raise DrainingError("draining", "this server is going down; send it again in a moment")
        settings = self.settings
        folder = find_model(options.model or settings.model, settings.models_dir)
        now_s = time.time()
        job = Job(
            id=earlier.id if earlier else job_id or new_job_id(now_s),
            tenant=caller.tenant,
            model=folder.card.name,
            weights_sha256=weights_id(folder.card),
            input=folder.card.network.input,
            created_s=now_s,
            options=_job_options(options, settings.clip_windows),
            deadline_s=None if options.deadline is None else now_s + options.deadline,
            on_disconnect=options.on_disconnect or _default_on_disconnect(caller),
            idempotency_key=caller.idempotency_key,
            filename=options.filename,
            webhook=self._webhook(options.webhook),
            estimated_gpu_s=self._estimate(size_bytes),
        )
        if earlier is None or earlier.model_key != job.model_key:
            self._check_served(job)
        return job

    def open(
        self,
        options: ReconstructOptions,
        caller: Caller,
        size_bytes: int | None,
        job_id: str | None = None,
    ) -> Job:
        """Prepare a job and reserve for it, before its video is stored.

        `submit` takes the reservation over, and `discard` gives it back.

        Raises:
            UsageError, DrainingError, ModelUnavailableError: As `prepare`.
            OverCapacityError: As `Broker.admit`.
        """
        job = self.prepare(options, caller, size_bytes, job_id)
        limits = limits_of(self.settings, caller.max_gpu_s)
        self.broker.admit(job, limits, visitor_of(job, caller.address), HOLD_S)
        return job

    def submit(self, job: Job, caller: Caller | None = None) -> str:
        """Queue a job, its manifest first, and return the id of the job that does the work.

        That is an earlier one where the same request came before.

        Raises:
            IdempotencyConflictError, OverCapacityError: As `Broker.submit`.
        """
        self.record(job)
        return self.queue(job, caller or Caller())

    def record(self, job: Job) -> None:
        """Store a job's manifest, from which Redis is told of the job should it forget."""
        self.store.put(job_path(job.id), job.encode().encode())

    def queue(self, job: Job, caller: Caller) -> str:
        """Queue a job, and return the id of the job that does the work; see `submit`.

        Its manifest may follow, but not later than the answer to the request that made it.

        Raises:
            IdempotencyConflictError, OverCapacityError: As `Broker.submit`.
        """
        limits = limits_of(self.settings, caller.max_gpu_s)
        return self.broker.submit(job, limits, visitor_of(job, caller.address)).job_id

    def correct(self, job: Job, size_bytes: int) -> None:
        """Reserve no more than a video's size asks for, now that it has arrived."""
        self.broker.lower(job.id, self._estimate(size_bytes))

    def break_off(self, job: Job, error: BaseException, parts: PartWriter, queued: bool) -> None:
        """End a job whose video did not come in, and free what came of it.

        Args:
            job: As it was admitted.
            error: Why.
            parts: Of the video.
            queued: Whether it is in the queue, or may be. Then it fails: the decoder is told by
                the video's end as well, as Redis may be away.
        """
        if not queued:
            self.discard(job)
            return
        code, message = "upload_incomplete", "the video did not arrive whole; send it again"
        if isinstance(error, RemocapError):
            code, message = error.code, error.message
        with suppress(ServiceError):
            self.broker.fail_job(job.id, code, message)
        with suppress(ServiceError):
            self.store.delete_below(f"jobs/{job.id}/upload/")
        with suppress(ServiceError):
            parts.abort(code)

    def tidy(self, job_id: str) -> None:
        """Delete what was stored of a job that had ended before, as when it was deleted."""
        status = self.broker.status(job_id)
        if status is not None and status.over:
            archive(self.broker, self.store, job_id)

    def discard(self, job: Job) -> None:
        """Free what was stored and reserved of a job that was never queued."""
        self.broker.withdraw(job.id)
        self.store.delete_below(f"jobs/{job.id}/")

    def status(self, job_id: str, caller: Caller) -> JobStatus:
        """Return how a job stands.

        Raises:
            NotFoundError: `unknown_job`: there is none of this id, or it is another tenant's.
            GoneError: `job_deleted`.
        """
        return self.shown(job_id, caller, self._find(job_id))

    def shown(self, job_id: str, caller: Caller, status: JobStatus | None) -> JobStatus:
        """Return how a job stands, if the caller may see that.

        Raises:
            NotFoundError, GoneError: As `status`.
        """
        is_theirs = caller.only_job in {None, job_id}
        if status is None or status.job.tenant != caller.tenant or not is_theirs:
            raise NotFoundError(
                "unknown_job",
                f"there is no job '{job_id[:64]}'; expected an id that a POST returned within the "
                f"last {self.settings.retention_s / 3600:g} h",
            )
        if status.erased:
            raise GoneError("job_deleted", f"job {job_id} was deleted; send its video again")
        return status

    def list(self, caller: Caller, limit: int, before: str | None) -> list[JobStatus]:
        """Return the tenant's jobs that Redis knows, the latest first."""
        found = self.broker.list_jobs(caller.tenant, limit, before)
        return [status for status in found if not status.erased]

    def delete(self, job_id: str, caller: Caller) -> None:
        """End a job if it runs, and erase everything of it but the note that it was here.

        Raises:
            NotFoundError, GoneError: As `status`.
        """
        self.status(job_id, caller)
        self.broker.erase(job_id)
        archive(self.broker, self.store, job_id)

    def cancel(self, job_id: str, caller: Caller) -> None:
        """End a job if it runs; what it has so far is kept.

        Raises:
            NotFoundError, GoneError: As `status`.
        """
        self.status(job_id, caller)
        self.broker.cancel(job_id)

    def leave(self, job_id: str, watcher: str) -> None:
        """Take note that a waiting client is gone; the job ends if that was agreed.

        It goes on where somebody else waits for it.
        """
        others = self.broker.unwatch(job_id, watcher)
        status = self.broker.status(job_id)
        if status is None or status.over or others or status.job.on_disconnect == "detach":
            return
        self.broker.cancel(
            job_id, "client_gone", "the client that waited went away; ask for on_disconnect=detach"
        )

    def _find(self, job_id: str) -> JobStatus | None:
        if not _ID.fullmatch(job_id):
            return None
        return recall(self.broker, self.store, job_id)

    def _webhook(self, url: str | None) -> str | None:
        return None if url is None else check_url(url, Allowed.read(self.settings.webhook_allow))

    def _check_served(self, job: Job) -> None:
        settings, now_s = self.settings, time.monotonic()
        if now_s < self._served_until_s.get(job.model_key, 0):
            return
        served = {status.model_key: status for status in self.broker.models()}.get(job.model_key)
        if served is None:
            return
        if served.workers:
            self._served_until_s[job.model_key] = now_s + _TRUST * settings.model_absence_s
            return
        absent_s = self.broker.census().now_s - served.last_seen_s
        if absent_s > settings.model_absence_s:
            raise ModelUnavailableError(
                "model_unavailable",
                f"no worker has served {job.model_key} for {absent_s:.0f} s; start one with "
                f"`remocap worker --model {job.model}`",
                retry_after_s=60,
            )

    def _estimate(self, size_bytes: int | None) -> float:
        settings = self.settings
        return gpu_s_of_bytes(size_bytes, settings.max_upload_bytes, settings.max_video_s)


def new_job_id(now_s: float) -> str:
    """Return a UUIDv7 (RFC 9562) as 32 digits; later ids sort behind earlier ones."""
    value = int(now_s * 1000) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    return f"{value & ~(0x3 << 62) | 0x2 << 62:032x}"


def request_digest(job: Job, video_sha256: str) -> str:
    """Return what is equal in two requests that ask for the same."""
    asked = [video_sha256, job.model_key, asdict(job.options), job.on_disconnect]
    if job.webhook is not None:
        asked.append(job.webhook)
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def with_digest(job: Job, video_sha256: str) -> Job:
    """Return the job as it is submitted under an idempotency key."""
    return replace(job, request_digest=request_digest(job, video_sha256))


def _default_on_disconnect(caller: Caller) -> Literal["cancel", "detach"]:
    return "cancel" if caller.idempotency_key is None else "detach"


def _job_options(options: ReconstructOptions, max_windows: int) -> JobOptions:
    start_s, end_s = options.start or 0.0, options.end
    if end_s is not None and end_s <= start_s:
        raise UsageError(
            "bad_time_range",
            f"start {start_s:g} s and end {end_s:g} s; expected start < end; change one of them",
        )
    return JobOptions(
        max_people=options.max_people,
        start_s=options.start,
        end_s=options.end,
        focal_px=options.focal,
        smooth=options.smooth or "off",
        max_windows=max_windows,
    )
