"""A media process's hold on one of its children: start it, give it a task, hear it, end it."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing, suppress
from typing import Any

from service.broker_types import MediaTask
from service.media_link import TASK, send
from service.nursery import Nursery
from service.scratch import Scratch

Hear = Callable[["ChildProcess", str, Mapping[str, Any]], None]
"""Told (child, kind, fields) of every line; `end` after the last, when the child has gone."""


class ChildProcess:
    """One child, from its birth to its end.

    Its temporary files lie in a folder of its own, which goes with it.

    Args:
        nursery: Where it is born.
        task: What it does.
        hear: Called from a thread of this object's, which starts with `begin`.

    Raises:
        OSError: It could not be born.

    Attributes:
        task: What it does.
        pid: Process id.
        report: What it said when it was done, None if it never did.
        resting: What it waits for, if it does: `upload`, `workers` or `store`.
        resting_since_s: Since when.
    """

    def __init__(self, nursery: Nursery, task: MediaTask, hear: Hear) -> None:
        self.task = task
        self.report: Mapping[str, Any] | None = None
        self.resting: str | None = None
        self.resting_since_s = 0.0
        self.heard_s = time.monotonic()
        self._leaving = False
        self._hear = hear
        self._sending = threading.Lock()
        with ExitStack() as stack:
            stack.enter_context(closing(scratch := Scratch()))
            self.pid, self._stdin, self._stdout = nursery.bear(scratch.path)
            self._held = stack.pop_all()
        self._thread = threading.Thread(target=self._listen, name="media-child", daemon=True)

    def begin(self) -> None:
        """Have it do its task."""
        self._thread.start()
        self.tell("task", task=TASK.dump_python(self.task, mode="json"))

    def tell(self, kind: str, **fields: Any) -> None:
        """Send it a line, in vain if it has gone."""
        with self._sending, suppress(OSError, ValueError):
            send(self._stdin, kind, **fields)

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
        for line in self._stdout:
            self.heard_s = time.monotonic()
            with suppress(ValueError):
                self._take(json.loads(line))
        with self._sending, suppress(OSError):
            self._stdin.close()
        self._stdout.close()
        self._held.close()
        self._hear(self, "end", {})

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.pop("kind")
        if kind == "done":
            self.report = message
        elif kind != "alive":
            self.resting, self.resting_since_s = message.get("why"), time.monotonic()
        self._hear(self, kind, message)
