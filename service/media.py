"""The media role: claims tasks, and has a child do each, several at once.

A task that waits, for its upload or for the workers, holds a seat but no slot: another one works
meanwhile. Where all seats are taken, one that waits for its upload goes to the end of the line. Who
works is decided by `service.turns`; what a child does, by `service.media_child`.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any

from model.cores import usable_cores
from service import metrics
from service.broker import Broker
from service.broker_types import MediaTask, TaskKind
from service.errors import UnavailableError
from service.latency import keep_latency_low
from service.logs import get_log, set_up_logs
from service.media_process import ChildProcess, Newborn
from service.metrics import serve_metrics
from service.nursery import START_S, Nursery
from service.reconciler import Reconciler, archive
from service.scratch import sweep_scratch
from service.settings import Settings
from service.store import Store
from service.supervisor import follow_supervisor, settings_env, stop_on_signals
from service.turns import Turns

_CLAIM_MS = 500
_LEAVE_S = 3.0  # that children have to hand their tasks back
_IDLE_S = 1.0  # without work, before a draining process hands a task back
_STARVED_S = 5.0  # without a byte, before a seat can be lost
_MAX_EXPORTS = 2  # at a time
_SILENCE_LEASES = 4  # after so many leases without a word a child is taken for dead
_FRESH_S = 60.0  # that a newborn's connections are trusted for
_QUIET_S = 0.25  # after a task began before a birth, which would take the task's time ...
_RESTED_S = 1.0  # ... where the newborn before it waited so long, so that tasks are rare
log = get_log("media")


def run_media(settings: Settings) -> int:
    """Do media tasks until told to stop; return the exit status."""
    stop = stop_on_signals()
    follow_supervisor()
    set_up_logs("media", form=settings.log_format, level=settings.log_level)
    broker, store = Broker.of(settings, patience_s=30), Store.of(settings)
    media = Media(settings, broker, store)
    keep_latency_low()
    server = None
    if settings.media_port:
        server = serve_metrics(settings.metrics_host, settings.media_port, media.trouble)
    try:
        with Reconciler(broker, store, settings.retention_s):
            media.run(stop)
    finally:
        if server is not None:
            server.shutdown()
        broker.close()
    return 0


class Media:
    """Claims tasks and has children do them.

    Args:
        settings: In force; the children's too.
        broker: Of the queue.
        store: Of videos and results.
    """

    def __init__(self, settings: Settings, broker: Broker, store: Store) -> None:
        self._settings, self._broker, self._store = settings, broker, store
        self._consumer = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._turns = Turns(settings.media_slots)
        self._cores = usable_cores()
        self._lock = threading.Lock()  # of turns and children
        self._children: dict[int, ChildProcess] = {}
        self._room = threading.Event()
        self._nursery = Nursery(settings_env(settings))
        self._newborn: Newborn | None = None
        self._quiet_until_s = 0.0  # no child is born before
        self._barren: str | None = None  # why no child could be born
        self._draining = False

    def trouble(self) -> str | None:
        """Say why nothing can be taken on, None where it can."""
        if self._draining:
            return "draining"
        try:
            self._broker.ping()
            self._store.probe()
        except UnavailableError as error:
            return error.message
        return self._barren

    def working(self) -> list[int]:
        """Return the process ids of the children that have a task."""
        return [child.pid for child in self._held()]

    def run(self, stop: threading.Event) -> None:
        """Take tasks until told to stop; then let children finish, or hand back, what they do."""
        sweep_scratch()
        log.info("media ready", slots=self._settings.media_slots, seats=self._settings.media_jobs)
        while not stop.is_set():
            self._look_after_children()
            kinds = self._kinds_with_room()
            if kinds and self._nursery.is_ready(_CLAIM_MS / 1000) and self._has_newborn():
                self._claim(kinds)
            else:
                self._room.wait(_CLAIM_MS / 1000)
                self._room.clear()
            if "decode" not in kinds:
                self._make_room()
        self._drain()

    def _claim(self, kinds: Sequence[TaskKind]) -> None:
        try:
            task = self._broker.claim_task(self._consumer, kinds, _CLAIM_MS)
        except UnavailableError as error:
            log.warning("no task can be claimed", reason=error.message)
            return
        if task is None:
            if self._newborn and not self._held():
                self._newborn.prepare()
            return
        if self._has_newborn():  # it may have died meanwhile
            self._start(task)
        else:
            with suppress(UnavailableError):
                self._broker.release(task.lease)

    def _has_newborn(self) -> bool:
        """Whether a child waits for the next task; one that has died or waited long is replaced."""
        newborn = self._newborn
        if newborn and (newborn.has_died or time.monotonic() - newborn.born_s > _FRESH_S):
            self._let_newborn_go()
        if self._newborn is None:
            time.sleep(max(self._quiet_until_s - time.monotonic(), 0))
            try:
                self._newborn = Newborn(self._nursery)
            except OSError as error:
                if self._barren is None:
                    log.error("no child could be born", reason=str(error))
                self._barren = f"no child could be born ({error})"
                return False
            self._barren = None
        return self._newborn.is_ready(_CLAIM_MS / 1000)

    def _let_newborn_go(self) -> None:
        if self._newborn is not None:
            self._newborn.close()
            self._newborn = None

    def _start(self, task: MediaTask) -> None:
        assert self._newborn is not None
        rested = time.monotonic() - self._newborn.born_s > _RESTED_S
        child, self._newborn = ChildProcess(self._newborn, task, self._hear), None
        with self._lock:
            self._children[child.pid] = child
            self._turns.enter(str(child.pid), task.job.tenant)
            begun = self._turns.ask(str(child.pid))  # on its behalf, so that it need not
        self._quiet_until_s = time.monotonic() + (_QUIET_S if rested else 0)
        child.begin()
        with self._lock:
            self._tell_turns(begun)
        metrics.MEDIA_TASKS.labels(task.kind).inc()
        log.info("task started", job=task.job.id, task=task.kind, pid=child.pid)

    def _kinds_with_room(self) -> list[TaskKind]:
        """What may be claimed; exports have seats of their own, so that no decoding keeps them."""
        held = [child.task.kind for child in self._held()]
        seats: dict[TaskKind, int] = {
            "export": min(self._settings.media_slots, _MAX_EXPORTS),
            "decode": self._settings.media_jobs,
        }
        return [kind for kind, most in seats.items() if held.count(kind) < most]

    def _make_room(self) -> None:
        """Have a task that waits for its upload give its seat to one that could work."""
        starved = [c for c in self._held() if c.rests_for(_STARVED_S, "upload")]
        if not starved:
            return
        with suppress(UnavailableError):
            if self._broker.census().tasks.get("decode"):
                min(starved, key=attrgetter("resting_since_s")).leave(later=True)

    def _hear(self, child: ChildProcess, kind: str, _: Mapping[str, Any]) -> None:
        """Take a line from a child, in that child's thread."""
        name = str(child.pid)
        with self._lock:
            match kind:
                case "ask":
                    begun = self._turns.ask(name)
                case "more":
                    if self._turns.extend(name):
                        child.tell("more", cores=self._cores_each())
                    return
                case "rest":
                    begun = self._turns.rest(name)
                case "end":
                    begun = self._turns.leave(name)
                case _:
                    return
            self._tell_turns(begun)
        if kind == "end":
            try:
                self._finish(child)
            finally:
                with self._lock:
                    del self._children[child.pid]
                self._room.set()

    def _tell_turns(self, begun: Iterable[str]) -> None:
        """Tell children that it is their turn; the lock is held."""
        for child in filter(None, map(self._children.get, map(int, begun))):
            child.tell("turn", n=child.asked, cores=self._cores_each())

    def _cores_each(self) -> int:
        """Cores for each child that works; the lock is held."""
        return max(self._cores // len(self._turns.working), 1)

    def _finish(self, child: ChildProcess) -> None:
        task = child.task
        report = child.report or {"outcome": "crashed"}
        outcome = report["outcome"]
        metrics.MEDIA_TASKS.labels(task.kind).dec()
        metrics.MEDIA_TASKS_FINISHED.labels(task.kind, outcome).inc()
        if outcome == "succeeded" and task.export:
            metrics.EXPORT_SECONDS.labels(task.export.format).observe(report["seconds"])
        elif outcome == "succeeded":
            metrics.DECODE_SECONDS.observe(report["seconds"])
            metrics.FRAMES_DECODED.inc(report["frames"])
            metrics.PEOPLE_FOUND.inc(report["people"])
        log.info("task ended", job=task.job.id, task=task.kind, outcome=outcome)
        if outcome in ("crashed", "lost"):
            self._clean_up(task)

    def _clean_up(self, task: MediaTask) -> None:
        """Let another have what a child left; delete what it wrote after the end of its job."""
        try:
            self._broker.vanished(task.lease)
            status = self._broker.status(task.job.id)
            if status is not None and status.over:
                archive(self._broker, self._store, task.job.id)
        except UnavailableError as error:
            log.warning("nothing could be cleaned up", job=task.job.id, reason=error.message)

    def _look_after_children(self) -> None:
        """Kill whoever has been silent for so long that it must hang."""
        silent_s = max(_SILENCE_LEASES * self._settings.lease_s, START_S / 2)
        for child in self._held():
            if time.monotonic() - child.heard_s > silent_s:
                log.error("child killed, as it said nothing", pid=child.pid)
                child.kill()

    def _drain(self) -> None:
        """Let children finish what they do; what waits for others is handed back at once."""
        self._draining = True
        self._let_newborn_go()
        until_s = time.monotonic() + self._settings.drain_s
        while (held := self._held()) and (left_s := until_s - time.monotonic()) > 0:
            for child in held:
                if left_s < _LEAVE_S or child.rests_for(_IDLE_S):
                    child.leave(later=False)
            self._room.wait(0.1)
            self._room.clear()
        for child in held:
            child.kill()
            child.join()
        self._nursery.close()
        log.info("media stopped")

    def _held(self) -> list[ChildProcess]:
        """The children that have a task."""
        with self._lock:
            return list(self._children.values())
