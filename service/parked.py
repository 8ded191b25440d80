"""A thread that waits for its work: to start one takes a while, which is better spent before."""

from collections.abc import Callable
from threading import Event, Thread


class ParkedThread:
    """Runs one thing, once it is given it; it does not keep the process alive.

    Args:
        name: Of the thread.
    """

    def __init__(self, name: str) -> None:
        self._given = Event()
        self._run: Callable[[], None] | None = None
        Thread(target=self._wait, name=name, daemon=True).start()

    def give(self, run: Callable[[], None]) -> None:
        """Have it run this; once."""
        assert self._run is None, "it has its work already"
        self._run = run
        self._given.set()

    def _wait(self) -> None:
        self._given.wait()
        assert self._run is not None
        self._run()
