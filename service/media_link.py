"""What a media process and its children tell each other: lines of JSON through pipes.

    to the child     {"kind": "prepare"}                nobody has a task, so there is time; once
                     {"kind": "task", "task": {...}}    once
                     {"kind": "turn", "n": 3, "cores": 2}
                                                        its answer to the ask of this number: work,
                                                        on so many cores; number 0 comes unasked,
                                                        if it can be had
                     {"kind": "more", "cores": 2}       its answer to a more: go on, nobody waits
                     {"kind": "leave", "later": bool}   hand the task back, and go; later: behind
                                                        all tasks that wait
    to the parent    {"kind": "ask", "n": 3}            may I work, or go on working?
                     {"kind": "more"}                   may I have another turn when this is over?
                                                        Asked ahead, so that nobody waits for it
                     {"kind": "rest", "why": "upload"}  I cannot go on for now: it waits for more of
                                                        the video, or for "workers", or the "store"
                     {"kind": "alive"}                  a few times a second
                     {"kind": "done", "outcome", "frames", "people", "seconds"}   last

A child whose parent has gone ends at once: its standard input does.
"""

import json
import os
import threading
import time
from collections.abc import Callable
from typing import IO, Any

from pydantic import TypeAdapter

from service.broker_types import MediaTask
from service.parked import ParkedThread

QUANTUM_S = 0.25  # how long a turn lasts at least
_LOOK_S = 0.2
ORPHANED = 70  # exit status of a child without a parent

TASK: TypeAdapter[MediaTask] = TypeAdapter(MediaTask)


class LeavingError(Exception):
    """The parent wants the task handed back.

    Attributes:
        later: Whether it is to wait behind all others.
    """

    def __init__(self, later: bool) -> None:
        super().__init__("its seat is needed" if later else "this process goes down")
        self.later = later


def send(sink: IO[bytes], kind: str, **fields: Any) -> None:
    """Write one line."""
    sink.write(json.dumps({"kind": kind, **fields}).encode() + b"\n")
    sink.flush()


class Link:
    """The child's end.

    Args:
        source: From the parent.
        sink: To the parent.
        end: Ends the process with a status.

    Attributes:
        cores: That this child may use, as far as is known.
    """

    def __init__(
        self, source: IO[bytes], sink: IO[bytes], end: Callable[[int], object] = os._exit
    ) -> None:
        self._source, self._sink, self._end = source, sink, end
        self.cores = 1
        self._listener = ParkedThread("media-link")
        self._sending = threading.Lock()
        self._turn, self._more = threading.Event(), threading.Event()
        self._leaving: LeavingError | None = None
        self._counting = threading.Lock()
        self._number = 0  # of the ask whose answer counts
        self._until_s: float | None = None  # of the turn that it is
        self._resting: str | None = None  # why

    def tell(self, kind: str, **fields: Any) -> None:
        """Tell the parent; end where there is none."""
        with self._sending:
            try:
                send(self._sink, kind, **fields)
            except (OSError, ValueError):
                self._end(ORPHANED)

    def read_task(self, prepare: Callable[[], None] = lambda: None) -> MediaTask | None:
        """Wait for the task, and have a thread listen from then on; None where there is none.

        Args:
            prepare: Called when there is time for it.
        """
        while line := self._source.readline():
            match json.loads(line):
                case {"kind": "prepare"}:
                    prepare()
                case {"kind": "task", "task": task}:
                    self._listener.give(self._listen)
                    return TASK.validate_python(task)
        return None

    def take_turn(self, beat: Callable[[], None]) -> None:
        """Return once it is this child's turn to work.

        Args:
            beat: Called again and again while it waits.

        Raises:
            LeavingError: The parent wants the task back.
        """
        self.check()
        if self._until_s is not None and time.monotonic() < self._until_s:
            return
        if not self._was_answered():
            self._void_turns()
            self.tell("ask", n=self._number)
            while not self._turn.wait(_LOOK_S):
                beat()
                self.check()
        self._turn.clear()
        self._begin_turn()

    def _was_answered(self) -> bool:
        """Whether the next turn was given already: the first, or one that was asked for ahead."""
        return (self._more if self._until_s else self._turn).is_set()

    def _begin_turn(self) -> None:
        self._more.clear()
        self._resting = None
        self._until_s = time.monotonic() + QUANTUM_S
        self.tell("more")

    def rest(self, why: str) -> None:
        """Let others work.

        Args:
            why: What is waited for: `upload`, `workers` or `store`.

        Raises:
            LeavingError: The parent wants the task back.
        """
        self.check()
        self._until_s = None
        self._void_turns()
        if self._resting != why:
            self._resting = why
            self.tell("rest", why=why)

    def _void_turns(self) -> None:
        """See to it that a turn that is on its way does not count any more."""
        with self._counting:
            self._number += 1
            self._turn.clear()

    def check(self) -> None:
        """Raise LeavingError where the parent wants the task back."""
        if self._leaving is not None:
            raise self._leaving

    def _listen(self) -> None:
        while line := self._source.readline():
            match json.loads(line):
                case {"kind": "turn", "n": number, "cores": cores}:
                    self.cores = cores
                    with self._counting:
                        if number == self._number:
                            self._more.clear()  # one that came late
                            self._turn.set()
                case {"kind": "more", "cores": cores}:
                    self.cores = cores
                    self._more.set()
                case {"kind": "leave", "later": later}:
                    self._leaving = LeavingError(later)
        self._end(ORPHANED)
