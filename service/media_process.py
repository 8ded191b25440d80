"""A media process's hold on one of its children: start it, give it a task, hear it, end it.

A child is born before there is a task for it, so that none waits for its birth.
"""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from select import POLLIN, poll
from typing import Any

from service.broker_types import MediaTask
from service.media_link import TASK, send
from service.nursery import Nursery
from service.scratch import Scratch

Hear = Callable[["ChildProcess", str, Mapping[str, Any]], None]
"""Told (child, kind, fields) of every line; `end` after the last, when the child has gone."""


class Newborn:
    """A child that gets ready, says so, and waits for its task.

    Its temporary files lie in a folder of its own, which goes with it.

    Args:
        nursery: Where it is born.

    Raises:
        OSError: It could not be born.

    Attributes:
        pid: Process id.
        stdin, stdout: Its pipes.
        born_s: When that was, on the monotonic clock.
    """

    def __init__(self, nursery: Nursery) -> None:
        self.born_s = time.monotonic()
        self._ready = self._prepared = False
        self._scratch = Scratch()
        try:
            self.pid, self.stdin, self.stdout = nursery.bear(self._scratch.path)
        except OSError:
            self._scratch.close()
            raise

    def is_ready(self, wait_s: float) -> bool:
        """Whether it can be given a task; waits a while. One that has died never can."""
        if not self._ready and self._speaks(wait_s):
            self._ready = bool(self.stdout.readline())
        return self._ready and not self._speaks(0)

    def prepare(self) -> None:
        """Have it prepare for a task, once, as there is time."""
        if not self._prepared:
            self._prepared = True
            with suppress(OSError):
                send(self.stdin, "prepare")

    @property
    def has_died(self) -> bool:
        """Whether it has; one that has not said that it is ready may be about to."""
        return self._speaks(0) and not self.is_ready(0)

    def _speaks(self, wait_s: float) -> bool:
        """Whether there is something to be read of it, or its end."""
        poller = poll()  # select() knows no descriptor above 1023
        poller.register(self.stdout, POLLIN)
        return bool(poller.poll(1000 * wait_s))

    def close(self) -> None:
        """Let go of it; one without a task ends."""
        with suppress(OSError):
            self.stdin.close()
        self.stdout.close()
        self._scratch.close()


class ChildProcess:
    """One child at its task, to its end.

    Args:
        newborn: Who does it; closed here.
        task: What it does.
        hear: Called from a thread of this object's, which starts with `begin`.

    Attributes:
        task: What it does.
        pid: Process id.
        report: What it said when it was done, None if it never did.
        resting: What it waits for, if it does: `upload`, `workers` or `store`.
        resting_since_s: Since when.
        asked: Number of its latest ask for a turn.
    """

    def __init__(self, newborn: Newborn, task: MediaTask, hear: Hear) -> None:
        self.task = task
        self.pid = newborn.pid
        self.report: Mapping[str, Any] | None = None
        self.resting: str | None = None
        self.resting_since_s = 0.0
        self.asked = 0
        self.heard_s = time.monotonic()
        self._newborn = newborn
        self._leaving = False
        self._hear = hear
        self._sending = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="media-child", daemon=True)

    def begin(self) -> None:
        """Have it do its task."""
        self.tell("task", task=TASK.dump_python(self.task, mode="json"))
        self._thread.start()

    def tell(self, kind: str, **fields: Any) -> None:
        """Send it a line, in vain if it has gone."""
        with self._sending, suppress(OSError, ValueError):
            send(self._newborn.stdin, kind, **fields)

    def rests_for(self, seconds: float, why: str | None = None) -> bool:
        """Whether it has waited for so long already, for anything or for what is named."""
        waits = self.resting is not None and why in (None, self.resting)
        return waits and time.monotonic() - self.resting_since_s > seconds

    def leave(self, *, later: bool) -> None:
        """Have it hand its task back; `later`: behind all that wait. Only the first time counts."""
        if not self._leaving:
            self._leaving = True
            self.tell("leave", later=later)

    def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def join(self) -> None:
        """Wait until it has ended and nothing is left of it."""
        self._thread.join()

    def _listen(self) -> None:
        for line in self._newborn.stdout:
            self.heard_s = time.monotonic()
            with suppress(ValueError):
                self._take(json.loads(line))
        with self._sending:
            self._newborn.close()
        self._hear(self, "end", {})

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.pop("kind")
        if kind == "done":
            self.report = message
        elif kind != "alive":
            self.asked = message.get("n", self.asked)
            self.resting, self.resting_since_s = message.get("why"), time.monotonic()
        self._hear(self, kind, message)
