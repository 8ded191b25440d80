"""A media process's hold on one of its children: start it, give it a task, hear it, end it."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from service.broker_types import MediaTask
from service.media_link import TASK, send
from service.scratch import Scratch

START_S = 60.0  # that a child may take to get ready
Hear = Callable[["ChildProcess", str, Mapping[str, Any]], None]
"""Told (child, kind, fields) of every line; `end` after the last, when the child has gone."""


class ChildProcess:
    """One child, from its start to its end.

    Its temporary files lie in a folder of its own, which goes with it.

    Args:
        env: Variables that give it our settings.
        hear: Called from a thread of this object's.

    Attributes:
        task: What it does; None until it is given something.
        ready: Set once it can be given a task, or has ended.
        report: What it said when it was done, None if it never did.
        resting: What it waits for, if it does: `upload`, `workers` or `store`.
        resting_since_s: Since when.
    """

    def __init__(self, env: Mapping[str, str], hear: Hear) -> None:
        self.task: MediaTask | None = None
        self.report: Mapping[str, Any] | None = None
        self.resting: str | None = None
        self.resting_since_s = 0.0
        self.ready = threading.Event()
        self.started_s = self.heard_s = time.monotonic()
        self._leaving = False
        self._hear = hear
        self._sending = threading.Lock()
        self._scratch = Scratch()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "service.media_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **env, "TMPDIR": str(self._scratch.path)},
        )
        self._thread = threading.Thread(target=self._listen, name="media-child", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    def give(self, task: MediaTask) -> None:
        """Have it do a task."""
        self.task = task
        self.heard_s = time.monotonic()
        self.tell("task", task=TASK.dump_python(task, mode="json"))

    def tell(self, kind: str, **fields: Any) -> None:
        """Send it a line, in vain if it has gone."""
        assert self._process.stdin is not None
        with self._sending, suppress(OSError, ValueError):
            send(self._process.stdin, kind, **fields)

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
        self._process.kill()

    def join(self) -> None:
        """Wait until it has ended and nothing is left of it."""
        self._thread.join()

    def _listen(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.heard_s = time.monotonic()
            with suppress(ValueError):
                self._take(json.loads(line))
        self._process.wait()
        with self._sending, suppress(OSError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._scratch.close()
        self.ready.set()
        self._hear(self, "end", {})

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.pop("kind")
        if kind == "ready":
            self.ready.set()
        elif kind == "done":
            self.report = message
        elif kind != "alive":
            self.resting, self.resting_since_s = message.get("why"), time.monotonic()
        self._hear(self, kind, message)
