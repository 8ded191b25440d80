"""Keeps a media task's lease while the work goes on, and ends the process when it does not.

An honest heart: it stops where the main thread has not said for long that it gets on. It is also
how a child hears within half a second that its job was cancelled.
"""

import os
import threading
import time
from collections.abc import Callable

from service.broker import Broker
from service.broker_types import Lease
from service.errors import UnavailableError
from service.logs import get_log
from service.parked import ParkedThread

PERIOD_S = 0.4
_LEAST_PATIENCE_S = 20.0
STUCK, LOST = 71, 72  # exit statuses
log = get_log("media")


class TaskLease:
    """Renews a lease from a thread, until `stop`.

    Args:
        broker: Of its own, so that it never waits for the main thread's calls.
        lease: What is renewed.
        lease_s: How long it lasts without.
        alive: Called at each beat.
        end: Ends the process with a status.
        patience_s: How long the work may take from one sign to the next: 2 leases, but no less
            than a busy machine may need for a large frame.
        thread: Does it, where one waits already.
    """

    def __init__(
        self,
        broker: Broker,
        lease: Lease,
        lease_s: float,
        alive: Callable[[], None],
        end: Callable[[int], object] = os._exit,
        patience_s: float | None = None,
        thread: ParkedThread | None = None,
    ) -> None:
        self._patience_s = patience_s or max(2 * lease_s, _LEAST_PATIENCE_S)
        self._broker, self._lease, self._lease_s = broker, lease, lease_s
        self._alive, self._end = alive, end
        self._stopped = threading.Event()
        self.beat()
        (thread or ParkedThread("heartbeat")).give(self._run)

    def beat(self, grace_s: float = 0.0) -> None:
        """Say that the work gets on, and will do so again soon, or within `grace_s`."""
        self._until_s = time.monotonic() + max(grace_s, self._patience_s)

    def stop(self) -> None:
        """Let go of the lease's renewal."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(min(PERIOD_S, self._lease_s / 3)):
            if time.monotonic() > self._until_s:
                log.error("no progress for long, so the task is given up")
                self._end(STUCK)
                return
            if not self._renew() and not self._stopped.is_set():
                log.info("the task is no longer ours")
                self._end(LOST)
                return
            self._alive()

    def _renew(self) -> bool:
        """Whether the task is ours, as far as is known."""
        try:
            return self._broker.renew_task(self._lease)
        except UnavailableError:
            return True  # nobody else can have taken it either
