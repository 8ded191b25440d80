"""Exclusive time and progress of steps that pull from one another. Knows none of the steps.

The pipeline is a chain of iterators, so the time in which one step waits for the step before it
must not count as its own: entering a stage pauses the one that was running.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
Watch = Callable[[str, int, int | None], None]
"""Told (stage, items done, items expected or None) whenever a stage has finished an item."""


def ignore(stage: str, done: int, expected: int | None) -> None:
    """A `Watch` for those who do not look."""


class Stages:
    """Seconds and items per stage.

    Args:
        watch: Called after every item.
        clock: Seconds, monotonic.
    """

    def __init__(self, watch: Watch = ignore, clock: Callable[[], float] = time.perf_counter):
        self.seconds: dict[str, float] = {}
        self.items: dict[str, int] = {}
        self._expected: dict[str, int] = {}
        self._watch = watch
        self._clock = clock
        self._running: list[str] = []
        self._since = clock()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of the block as `name`'s, less that of stages entered inside it."""
        self._charge()
        self._running.append(name)
        try:
            yield
        finally:
            self._charge()
            self._running.pop()

    def iterate(self, name: str, items: Iterable[T]) -> Iterator[T]:
        """Pass `items` on, counting each, and the time it takes to make them, as `name`'s."""
        source = iter(items)
        while True:
            with self.stage(name):
                try:
                    item = next(source)
                except StopIteration:
                    return
            self.done(name)
            yield item

    def done(self, name: str, count: int = 1) -> None:
        """Say that `count` items of `name` are finished."""
        self.items[name] = self.items.get(name, 0) + count
        self._watch(name, self.items[name], self._expected.get(name))

    def expect(self, name: str, count: int) -> None:
        """Say how many items of `name` there will be; an estimate, for progress alone."""
        self._expected[name] = count

    def _charge(self) -> None:
        now = self._clock()
        if self._running:
            name = self._running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now
