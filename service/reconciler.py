"""Keeps Redis and the store of one mind: whatever got its 202 is finished, once.

What Redis has forgotten (lost, or emptied) is told again from the manifests in the store, and
only that: a job with `done.json` is remembered as over, any other is queued again. Jobs that
have ended get their `done.json` here; those that are too old go.
"""

import threading
import time
import uuid
from types import TracebackType
from typing import Self

import structlog

from model.errors import RemocapError
from service.broker import Broker
from service.broker_types import JobStatus
from service.errors import (
    BadMessageError,
    IdempotencyConflictError,
    LaterError,
    StoreFullError,
)
from service.messages import Done, Job
from service.store import Store, done_path, job_path

TICK_S = 0.5
SWEEP_S = 300.0  # between looks at the whole store
YOUNG_S = 5.0  # a manifest so young may belong to a request that is being accepted
LEAD_S = 3.0  # for how long a silent leader leads

log = structlog.get_logger()


class Reconciler:
    """A thread that does all this; one in each api and media process, of which one at a time acts.

    It also calls `Broker.tick`. What goes wrong is logged, and tried again.

    Args:
        broker: The queue.
        store: The manifests.
        retention_s: How long jobs are kept.
    """

    def __init__(self, broker: Broker, store: Store, retention_s: float) -> None:
        self._broker, self._store, self._retention_s = broker, store, retention_s
        self._name = uuid.uuid4().hex
        self._swept_s = float("-inf")
        self._swept_redis = ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(TICK_S):
            try:
                self.step()
            except RemocapError as error:
                log.warning("reconciler_waits", code=error.code, reason=error.message)
            except Exception:
                log.exception("reconciler_failed")

    def step(self) -> None:
        """Do what is due now, if this one leads."""
        if not self._broker.lead(self._name, LEAD_S):
            return
        self._broker.tick()
        for job_id in self._broker.unarchived():
            self._archive(job_id)
        redis = self._broker.incarnation()
        if redis != self._swept_redis or time.monotonic() - self._swept_s > SWEEP_S:
            if self.sweep() == 0:
                self._swept_redis = redis
            self._swept_s = time.monotonic()

    def sweep(self) -> int:
        """Tell Redis what it has forgotten, and delete what is too old.

        Returns:
            How many jobs were too young to be judged, so that another look is needed soon.
        """
        job_ids = self._store.job_ids()
        known = self._broker.known(job_ids)
        for job_id in (job_id for job_id, is_known in zip(job_ids, known, strict=True) if is_known):
            self._remind(job_id)
        return sum(
            self._judge(job_id)
            for job_id, is_known in zip(job_ids, known, strict=True)
            if not is_known
        )

    def _archive(self, job_id: str) -> None:
        try:
            archive(self._broker, self._store, job_id)
        except LaterError as error:
            log.warning("archive_waits", job=job_id, code=error.code, reason=error.message)

    def _remind(self, job_id: str) -> None:
        """End a job that has ended, where Redis lost just that."""
        status = self._broker.status(job_id)
        if status is None or status.over:
            return
        job, done = _read_manifests(self._store, job_id)
        if job is not None and done is not None:
            self._broker.restore(job, done)
            log.warning("job_end_restored", job=job_id, state=done.state)

    def _judge(self, job_id: str) -> bool:
        """Deal with a job that Redis does not know; True where it is too young for that."""
        job, done = _read_manifests(self._store, job_id)
        age_s = time.time() - self._since_s(job_id, job, done)
        if age_s > self._retention_s:
            self._store.delete_below(f"jobs/{job_id}/")
            log.info("job_aged_out", job=job_id)
        elif done is not None or age_s > YOUNG_S:
            recall(self._broker, self._store, job_id)
            return False
        return age_s <= YOUNG_S

    def _since_s(self, job_id: str, job: Job | None, done: Done | None) -> float:
        """When a job ended, or else came in; where it has no manifest, when its files appeared."""
        if done is not None:
            return done.finished_s
        if job is not None:
            return job.created_s
        entries = self._store.entries(f"jobs/{job_id}/")
        return max((entry.modified_s for entry in entries), default=0.0)


def recall(broker: Broker, store: Store, job_id: str) -> JobStatus | None:
    """Return a job's status, looking for it in the store where Redis does not know it."""
    status = broker.status(job_id)
    if status is not None:
        return status
    job, done = _read_manifests(store, job_id)
    if job is None:
        return None
    if done is not None:
        broker.restore(job, done)
    elif not _queue_again(broker, job):
        store.delete_below(f"jobs/{job_id}/")
    log.info("job_recalled", job=job_id, over=done is not None)
    return broker.status(job_id)


def _queue_again(broker: Broker, job: Job) -> bool:
    """Whether the job was accepted; else another one of its idempotency key was."""
    try:
        return broker.resubmit(job).job_id == job.id
    except IdempotencyConflictError:
        return False


def archive(broker: Broker, store: Store, job_id: str) -> None:
    """Write how a job ended to the store, and delete what is of no use any more.

    The reconciler does so within a second; who deletes a job calls it before answering.
    """
    status = broker.status(job_id)
    if status is not None and status.over:
        done = _done(status, broker.results(job_id))
        keep = (job_path(job_id), done_path(job_id))
        if status.state == "succeeded" and not status.erased:
            store.put(done_path(job_id), done.encode().encode())
            store.delete_below(f"jobs/{job_id}/clips/")
            store.delete_below(f"jobs/{job_id}/results/", keep=set(done.results.values()))
        else:
            _bury(store, job_id, done, keep)
        log.info("job_archived", job=job_id, state=status.state, code=status.code)
    broker.archived(job_id)


def _bury(store: Store, job_id: str, done: Done, keep: tuple[str, str]) -> None:
    """Leave the manifests of a job alone, also where the store is full at first."""
    try:
        store.put(done_path(job_id), done.encode().encode())
        store.delete_below(f"jobs/{job_id}/", keep)
    except StoreFullError:
        store.delete_below(f"jobs/{job_id}/", keep)
        store.put(done_path(job_id), done.encode().encode())


def _done(status: JobStatus, results: dict[str, str]) -> Done:
    return Done(
        state=status.state,
        finished_s=status.finished_s or time.time(),
        code=status.code,
        message=status.message,
        results=results,
        frame_count=status.frames,
        people=status.people,
        erased=status.erased,
    )


def _read_manifests(store: Store, job_id: str) -> tuple[Job | None, Done | None]:
    try:
        job = Job.decode(store.get(job_path(job_id)))
    except FileNotFoundError:
        return None, None
    except BadMessageError as error:
        log.warning("job_unreadable", job=job_id, reason=error.message)
        return None, None
    try:
        return job, Done.decode(store.get(done_path(job_id)))
    except FileNotFoundError:
        return job, None
