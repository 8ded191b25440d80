"""Waiting for jobs: one subscription to the broker per process, for all requests that wait.

It runs in a thread, as the broker is synchronous; those who wait do so in the event loop.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from anyio.to_thread import run_sync

from service.broker import Broker
from service.broker_types import Change, JobStatus
from service.errors import UnavailableError
from service.jobs import Caller, Jobs
from service.logs import get_log

RECHECK_S = 2.0  # between looks without news, which may be lost while Redis is away
POLL_S = 0.2  # so long at most until this process may end
_FRESH_S = 0.05  # that a job queued just now is left alone for
_FAREWELL_S = 0.1  # after the client's leave, so as not to hold up its answer
WATCH_S = 30.0  # so long a process that vanished still counts as a watcher

log = get_log("watch")


class Changed(asyncio.Event):
    """Set whenever a job may have changed.

    Attributes:
        status: How it ended, where that is known.
    """

    status: JobStatus | None = None


class Watch:
    """Wakes requests when their jobs change. Used within one event loop."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: dict[str, dict[Changed, bool]] = {}  # whether for the end alone
        self._closed = threading.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen while the block runs."""
        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=self._listen, args=(loop,), name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._closed.set()
            self.wake_all()
            await run_sync(thread.join, 5.0)

    @contextmanager
    def on(self, job_id: str, *, end_only: bool = False) -> Iterator[Changed]:
        """Hand out an event that is set whenever the job may have changed, or have ended."""
        changed = Changed()
        self._waiting.setdefault(job_id, {})[changed] = end_only
        try:
            yield changed
        finally:
            del self._waiting[job_id][changed]
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def wake_all(self) -> None:
        """Have everybody look again."""
        for job_id in self._waiting:
            self._wake(Change(job_id, over=True))

    def _wake(self, change: Change, status: JobStatus | None = None) -> None:
        """Wake those who wait for a job: for any change, or where it is over, for that."""
        for changed, end_only in self._waiting.get(change.job, {}).items():
            if change.over or not end_only:
                changed.status = status
                changed.set()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._closed.is_set():
            try:
                self._pass_on(loop)
            except UnavailableError as error:
                log.warning("no news from Redis", error=error.message)
                self._closed.wait(0.5)

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        for change in self._broker.notifications(POLL_S):
            if self._closed.is_set():
                return
            if change and change.job in self._waiting:
                status = self._broker.read_ending(change)
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(self._wake, change, status)


class Waiting:
    """Waits for jobs on behalf of clients, who may go away meanwhile.

    Args:
        jobs: Where to look.
        watch: Who wakes us.
    """

    def __init__(self, jobs: Jobs, watch: Watch) -> None:
        self._jobs, self._watch = jobs, watch
        self._farewells: set[asyncio.Task[None]] = set()

    async def until(
        self,
        job_id: str,
        caller: Caller,
        wait_s: float,
        *,
        is_fresh: bool = False,
    ) -> JobStatus:
        """Return how a job stands once it is over, the time is up or this process drains.

        One that was queued just now (`is_fresh`) is not looked at at once: it is hardly over, and
        those who shall do it need the time.

        Raises:
            NotFoundError, GoneError: As `Jobs.status`.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        with self._watch.on(job_id, end_only=True) as changed:
            if is_fresh:
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(wait_s, _FRESH_S))
            while True:
                changed.clear()
                if changed.status is None:
                    status = await self._look(job_id, caller, end_s)
                else:
                    status = self._jobs.shown(job_id, caller, changed.status)
                left_s = end_s - loop.time()
                if status.over or left_s <= 0 or self._jobs.draining:
                    return status
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left_s, RECHECK_S))

    async def _look(self, job_id: str, caller: Caller, end_s: float) -> JobStatus:
        """Ask for the status; while Redis is away, ask again."""
        while True:
            try:
                return await run_sync(self._jobs.status, job_id, caller)
            except UnavailableError:
                if asyncio.get_running_loop().time() > end_s or self._jobs.draining:
                    raise
                await asyncio.sleep(0.2)

    @asynccontextmanager
    async def present(self, job_id: str, *, is_fresh: bool = False) -> AsyncIterator[str]:
        """Count a client among those who wait for a job while the block runs.

        Of one that was queued just now (`is_fresh`) nobody else knows, so there is no hurry.
        """
        watcher = secrets.token_hex(8)
        keeper = asyncio.create_task(self._keep(job_id, watcher, _FRESH_S if is_fresh else 0))
        try:
            yield watcher
        finally:
            keeper.cancel()
            # In a task of its own: nobody waits for it, and a client that goes away, which has all
            # of its request cancelled, does not stop it.
            farewell = asyncio.create_task(self._bid_farewell(keeper, job_id, watcher))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)

    async def _bid_farewell(self, keeper: asyncio.Task[None], job_id: str, watcher: str) -> None:
        await asyncio.sleep(_FAREWELL_S)
        await asyncio.wait({keeper})  # it may be saying that the client is there
        with suppress(UnavailableError):
            await run_sync(self._jobs.broker.unwatch, job_id, watcher)

    async def _keep(self, job_id: str, watcher: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        while True:
            with suppress(UnavailableError):
                await run_sync(self._jobs.broker.watch, job_id, watcher, WATCH_S)
            await asyncio.sleep(WATCH_S / 3)
