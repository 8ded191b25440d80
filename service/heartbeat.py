"""Signs of life of a worker: leases are renewed while all of its parts get on, and only then.

Time is counted in beats, so that a process that was stopped and continued, or a machine that was
asleep, has its parts judged by what they do and not by how late it is.
"""

from collections.abc import Callable, Iterable
from threading import Event, Lock

from service.broker import Broker
from service.broker_types import Delivery
from service.errors import UnavailableError
from service.logs import get_log

BEATS_PER_LEASE = 3
log = get_log("worker")


class Progress:
    """Which parts of a process got on lately.

    Args:
        parts: Their names; each marks itself at least at every turn of its loop.
        patience: Beats that a part may take for one turn.
    """

    def __init__(self, parts: Iterable[str], patience: int) -> None:
        self.patience = patience
        self._beats = 0
        self._marked = dict.fromkeys(parts, 0)

    def mark(self, part: str) -> None:
        """Say that a part got on."""
        self._marked[part] = self._beats

    def beat(self) -> None:
        """Let a beat pass."""
        self._beats += 1

    def stuck(self, patiences: int = 1) -> list[str]:
        """Return the parts that have not got on for so many times the patience."""
        limit = patiences * self.patience
        return [part for part, beat in self._marked.items() if self._beats - beat > limit]


class Held:
    """The clips that this worker holds. Safe to share among threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_lease: dict[str, Delivery] = {}

    def __len__(self) -> int:
        return len(self._by_lease)

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Hold these too."""
        with self._lock:
            self._by_lease.update({delivery.lease: delivery for delivery in deliveries})

    def drop(self, deliveries: Iterable[Delivery]) -> None:
        """Hold these no longer."""
        with self._lock:
            for delivery in deliveries:
                self._by_lease.pop(delivery.lease, None)

    def all(self) -> list[Delivery]:
        """Return all that are held."""
        with self._lock:
            return list(self._by_lease.values())


class Heartbeat:
    """Announces a worker and renews its leases.

    Args:
        broker: Of the queue.
        held: What to renew; what was lost is dropped from it.
        progress: Whether to.
        announce: Tells the broker that the worker is there.
        give_up: Called where a part has been stuck for twice the patience: it will not return.
    """

    def __init__(
        self,
        broker: Broker,
        held: Held,
        progress: Progress,
        announce: Callable[[], None],
        give_up: Callable[[list[str]], None],
    ) -> None:
        self._broker = broker
        self._held = held
        self._progress = progress
        self._announce = announce
        self._give_up = give_up

    def run(self, until: Event, pause_s: float) -> None:
        """Beat until told to stop."""
        while not until.wait(pause_s):
            self.beat()

    def beat(self) -> None:
        """Renew everything, unless a part is stuck."""
        self._progress.beat()
        if lost := self._progress.stuck(patiences=2):
            self._give_up(lost)
        if stuck := self._progress.stuck():
            log.error("stuck, so leases lapse", parts=stuck, held=len(self._held))
            return
        try:
            self._announce()
            self._renew()
        except UnavailableError as error:
            log.warning("leases not renewed", error=error.message)

    def _renew(self) -> None:
        held = self._held.all()
        if not held:
            return
        ours = {delivery.lease for delivery in self._broker.renew(held)}
        lost = [delivery for delivery in held if delivery.lease not in ours]
        self._held.drop(lost)
        for delivery in lost:
            log.info("lease lost", job=delivery.request.job, clip=delivery.request.clip)
