"""Waiting for jobs: one subscription to the broker per process, for all requests that wait.

It runs in a thread, as the broker is synchronous; those who wait do so in the event loop.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import anyio
from anyio.to_thread import run_sync

from service.broker import Broker
from service.broker_types import JobStatus
from service.errors import UnavailableError
from service.jobs import Caller, Jobs
from service.logs import get_log

RECHECK_S = 2.0  # between looks without news, which may be lost while Redis is away
POLL_S = 0.2  # so long at most until this process may end
WATCH_S = 30.0  # so long a process that vanished still counts as a watcher

log = get_log("watch")


class Watch:
    """Wakes requests when their jobs change. Used within one event loop."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: dict[str, set[asyncio.Event]] = {}
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
    def on(self, job_id: str) -> Iterator[asyncio.Event]:
        """Hand out an event that is set whenever the job may have changed."""
        changed = asyncio.Event()
        self._waiting.setdefault(job_id, set()).add(changed)
        try:
            yield changed
        finally:
            self._waiting[job_id].discard(changed)
            if not self._waiting[job_id]:
                del self._waiting[job_id]

    def wake_all(self) -> None:
        """Have everybody look again."""
        self._wake(None)

    def _wake(self, job_id: str | None) -> None:
        """Wake those who wait for a job, or all."""
        woken = list(self._waiting) if job_id is None else [job_id]
        for changed in (event for one in woken for event in self._waiting.get(one, ())):
            changed.set()

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._closed.is_set():
            try:
                self._pass_on(loop)
            except UnavailableError as error:
                log.warning("no news from Redis", error=error.message)
                self._closed.wait(0.5)

    def _pass_on(self, loop: asyncio.AbstractEventLoop) -> None:
        for job_id in self._broker.notifications(POLL_S):
            if self._closed.is_set():
                return
            if job_id in self._waiting:
                with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                    loop.call_soon_threadsafe(self._wake, job_id)


class Waiting:
    """Waits for jobs on behalf of clients, who may go away meanwhile.

    Args:
        jobs: Where to look.
        watch: Who wakes us.
    """

    def __init__(self, jobs: Jobs, watch: Watch) -> None:
        self._jobs, self._watch = jobs, watch

    async def until(
        self,
        job_id: str,
        caller: Caller,
        wait_s: float,
        done: Callable[[JobStatus], bool] = lambda status: status.over,
    ) -> JobStatus:
        """Return how a job stands once it is `done`, the time is up or this process drains.

        Raises:
            NotFoundError, GoneError: As `Jobs.status`.
        """
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        with self._watch.on(job_id) as changed:
            while True:
                changed.clear()
                status = await self._look(job_id, caller, end_s)
                left_s = end_s - loop.time()
                if done(status) or left_s <= 0 or self._jobs.draining:
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
    async def present(self, job_id: str) -> AsyncIterator[str]:
        """Count a client among those who wait for a job while the block runs."""
        watcher = secrets.token_hex(8)
        keeper = asyncio.create_task(self._keep(job_id, watcher))
        try:
            yield watcher
        finally:
            keeper.cancel()
            # Shielded, as a client that goes away has all of its request cancelled.
            with suppress(UnavailableError), anyio.CancelScope(shield=True):
                await run_sync(self._jobs.broker.unwatch, job_id, watcher)

    async def _keep(self, job_id: str, watcher: str) -> None:
        while True:
            with suppress(UnavailableError):
                await run_sync(self._jobs.broker.watch, job_id, watcher, WATCH_S)
            await asyncio.sleep(WATCH_S / 3)
