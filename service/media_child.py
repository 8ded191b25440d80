"""A child of the media role: one task, then its end.

It is forked by `service.nursery`, so that a task finds all it needs in memory. No torch is in here,
and no stranger's video: that is decoded by a child of its own.
"""

import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

from model.errors import RemocapError
from service.broker import LUA, Broker
from service.broker_types import MediaTask
from service.errors import LeaseLostError, UnavailableError
from service.exports import Workshop
from service.eyes import Eyes
from service.logs import bound, get_log, set_up_logs
from service.lua import scripts_of
from service.media_job import REPORT_S, DecodeTask, Pace
from service.media_link import LeavingError, Link
from service.media_tools import Tools
from service.rehearsal import rehearse
from service.settings import Settings, load_settings
from service.store import Store
from service.task_lease import TaskLease

EXPORT_STEP_S = 120.0  # that a step of an export may take without a sign: assembling, closing
EXPORT_STORE_S = 3600.0  # that storing it may take
PATIENCE_S = 30.0  # for Redis to come back
log = get_log("media")


class Means(NamedTuple):
    """What a child needs of the world.

    Attributes:
        broker: The queue.
        pulse: The queue too, for the heartbeat alone.
        store: Of videos and results.
    """

    broker: Broker
    pulse: Broker
    store: Store

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what the settings name."""
        return cls(
            broker=Broker.of(settings, PATIENCE_S),
            pulse=Broker.of(settings, patience_s=1),
            store=Store.of(settings),
        )

    def reach(self) -> None:
        """Connect to all of it.

        Raises:
            UnavailableError: Something is away.
        """
        self.broker.ping()
        self.pulse.ping()
        self.store.reach()


def set_up() -> Settings:
    """Set up what all children share."""
    settings = load_settings()
    set_up_logs("media", form=settings.log_format, level=settings.log_level)
    scripts_of(LUA.read_text())  # which is kept, so that no child cuts it anew
    return settings


def run_child(settings: Settings, eyes: Eyes) -> None:
    """Get ready and say so, wait for a task on standard input, and do it."""
    link = Link(os.fdopen(0, "rb"), os.fdopen(1, "wb"))
    tools = Tools(settings, eyes, lambda: link.cores)
    try:
        means = Means.of(settings)
        with suppress(UnavailableError):  # what is away may come back before it is needed
            means.reach()
            rehearse(means.broker, lambda task: practise(link, settings, means, task, tools))
    except Exception as error:
        log.exception("a child could not get ready", reason=str(error))
        return
    link.tell("ready")
    task = link.read_task(tools.prepare)
    if task is None:
        return
    with bound(job=task.job.id, task=task.kind):
        try:
            lease = TaskLease(
                means.pulse,
                task.lease,
                settings.lease_s,
                alive=lambda: link.tell("alive"),
                thread=tools.heart,
            )
            Child(link, settings, means, task, tools, lease).run()
        except Exception:
            log.exception("task given up")


def practise(link: Link, settings: Settings, means: Means, task: MediaTask, tools: Tools) -> None:
    """Begin a task of nobody's, whose lease ends nothing, up to the opening of its video."""
    lease = TaskLease(
        means.pulse, task.lease, settings.lease_s, alive=lambda: None, end=lambda _status: None
    )
    try:
        with bound(job=task.job.id, task=task.kind):
            Child(link, settings, means, task, tools, lease).begin_decoding(
                Path(tempfile.gettempdir())
            )
    finally:
        lease.stop()


@dataclass
class Report:
    """How a task ended, for the parent's metrics."""

    outcome: str
    frames: int = 0
    people: int = 0
    seconds: float = 0.0


class Child:
    """Does one task under its lease.

    Args:
        link: To the parent.
        settings: In force.
        means: Queue and store.
        task: What to do.
        tools: What to do it with.
        lease: Of the task.
    """

    def __init__(
        self,
        link: Link,
        settings: Settings,
        means: Means,
        task: MediaTask,
        tools: Tools,
        lease: TaskLease,
    ) -> None:
        self._tools = tools
        self._link, self._settings = link, settings
        self._broker, self._store, self._task = means.broker, means.store, task
        self._lease = lease
        self._reported_s = 0.0

    def run(self) -> None:
        """Do the task, and tell the parent how it ended."""
        started_s = time.monotonic()
        report = self._attempt(Path(tempfile.gettempdir()))  # this child's own
        self._lease.stop()
        report.seconds = time.monotonic() - started_s
        self._link.tell("done", **vars(report))

    def _attempt(self, folder: Path) -> Report:
        try:
            if self._task.kind == "decode":
                return self._decode(folder)
            return self._export(folder)
        except LeaseLostError:
            log.info("the task is no longer ours")
            return Report("lost")
        except (LeavingError, UnavailableError) as error:
            log.warning("task handed back", reason=str(error))
            later = isinstance(error, LeavingError) and error.later
            self._broker.release(self._task.lease, later=later)
            return Report("released")
        except RemocapError as error:
            return self._fail(error.code, error.message)
        except Exception:
            log.exception("task failed")
            return self._fail("internal", "something of ours failed; please report it")

    def _fail(self, code: str, message: str) -> Report:
        log.info("task failed", code=code, message=message)
        try:
            self._broker.fail(self._task.lease, code, message)
        except LeaseLostError:
            return Report("lost")
        return Report("failed")

    def _decode(self, folder: Path) -> Report:
        decoding = self.begin_decoding(folder)
        decoding.run()
        return Report("succeeded", decoding.frames, len(decoding.people))

    def begin_decoding(self, folder: Path) -> DecodeTask:
        """Return what decodes, with the given folder for its files; nothing is done yet."""
        return DecodeTask(
            self._store,
            self._broker,
            self._task,
            self._tools.limits,
            folder,
            self._settings.max_unprocessed_windows,
            Pace(self._work, self._rest),
            self._tools.eyes,
            self._tools.standby,
        )

    def _export(self, folder: Path) -> Report:
        assert self._task.export is not None
        self._work()
        workshop = Workshop(
            self._store,
            self._broker,
            self._settings.models_dir,
            self._tools.limits,
            folder,
            self._progress,
            self._tools.standby,
        )
        self._lease.beat(EXPORT_STEP_S)
        path, size_bytes = workshop.make(self._task.job, self._task.export)
        self._broker.export_done(self._task.lease, path, size_bytes)
        return Report("succeeded")

    def _work(self) -> None:
        self._lease.beat()
        self._link.take_turn(self._lease.beat)

    def _rest(self, why: str) -> None:
        self._lease.beat()
        self._link.rest(why)

    def _progress(self, done: int, total: int) -> None:
        """Take note of rows that an export has written."""
        self._work()
        self._lease.beat(EXPORT_STORE_S if done == total else EXPORT_STEP_S)
        now_s = time.monotonic()
        if now_s - self._reported_s > REPORT_S:
            self._reported_s = now_s
            assert self._task.export is not None
            stage = self._task.export.format
            counts: dict[str, str | int | None] = {"stage": stage, "done": done}
            counts["expected"] = total or None
            self._broker.progress(self._task.lease, "progress", counts)
