"""Where loaded clips wait for the network: at most about one batch of them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Condition

from model.clips import Clip
from service.batcher import Batcher, Waiting, patience_end_s
from service.broker_types import Delivery
from service.execution import Execution


@dataclass(frozen=True, eq=False)
class LoadedClip:
    """A clip whose inputs are in memory."""

    delivery: Delivery
    clip: Clip


class Intake:
    """A batcher between two threads.

    Args:
        execution: Says how large a batch may be by now, and what it takes.
        max_wait_s: How long a clip may be overtaken.
        clock: Seconds, monotonic.
        wall_clock: Seconds since 1970, as deadlines are.
    """

    def __init__(
        self,
        execution: Execution,
        max_wait_s: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._execution = execution
        self._max_wait_s = max_wait_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._batcher: Batcher[LoadedClip] = Batcher(execution.max_windows)
        self._changed = Condition()
        self._is_wanted = False  # a batch, by the network

    @property
    def is_idle(self) -> bool:
        """Whether the network waits, and would begin at once with what comes next."""
        return self._is_wanted

    def room(self, wait_s: float) -> int:
        """Return for how many windows there is room, waiting a while for any."""
        with self._changed:
            self._changed.wait_for(lambda: self._room() > 0, wait_s)
            return self._room()

    def put(self, clips: Sequence[LoadedClip]) -> None:
        """Let clips wait, all at once, so that an idle network is given them together."""
        with self._changed:
            for loaded in clips:
                self._batcher.add(self._waiting(loaded))
                self._is_wanted = False  # what comes behind it waits
            self._changed.notify_all()

    def next_batch(self, wait_s: float) -> list[LoadedClip]:
        """Return the next batch, waiting a while for any clip; `make_room` is to follow."""
        with self._changed:
            self._is_wanted = not len(self._batcher)
            self._changed.wait_for(lambda: len(self._batcher), wait_s)
            self._is_wanted = False
            self._batcher.max_windows = self._execution.max_windows
            return self._batcher.next_batch(self._clock())

    def make_room(self) -> None:
        """Let the loader fill the place of a batch that has begun; sooner it would slow that."""
        with self._changed:
            self._changed.notify_all()

    def clear(self) -> list[LoadedClip]:
        """Return all that wait, who wait no longer."""
        with self._changed:
            return self._batcher.clear()

    def _room(self) -> int:
        return self._execution.max_windows - self._batcher.windows

    def _waiting(self, loaded: LoadedClip) -> Waiting[LoadedClip]:
        request, now_s = loaded.delivery.request, self._clock()
        deadline_s = request.deadline_s
        if deadline_s is not None:
            deadline_s += now_s - self._wall_clock()
        until_s = patience_end_s(now_s, self._max_wait_s, deadline_s, 2 * self._execution.batch_s)
        return Waiting(loaded, request.windows, until_s, loaded.delivery.alone)
