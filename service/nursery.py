"""Children of the media role, born in no time: forks of a process that has all they need.

That process, `python -m service.nursery`, imports and loads what is slow to load, and then does
nothing but fork. It has one thread and has never touched a video, so its forks begin sound; each
does one task and ends. Through a socket come two pipes and a folder for each child, and its process
id goes back.
"""

import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from service.latency import keep_latency_low
from service.logs import get_log

START_S = 60.0  # that the process may take to get ready
_READY = b"ready"
_MAX_BYTES = 4096
log = get_log("media")


class Born(NamedTuple):
    """A new child, and its pipes."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]


class Nursery:
    """The media process's end; not to be shared among threads.

    Args:
        env: Variables that give the children our settings.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._start()

    def _start(self) -> None:
        self._line, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "service.nursery"],
                stdin=theirs.fileno(),
                env={**os.environ, **self._env},
            )
        self._started_s = time.monotonic()
        self._ready = False

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def is_ready(self, wait_s: float) -> bool:
        """Whether children can be born; waits a while. One that has died is replaced."""
        if not self._ready:
            readable = select.select([self._line], [], [], wait_s)[0]
            self._ready = bool(readable) and self._line.recv(_MAX_BYTES) == _READY
            late = time.monotonic() > self._started_s + START_S
            if not self._ready and (readable or late):
                log.error("the nursery did not get ready", status=self._process.poll())
                self.close()
                time.sleep(wait_s)
                self._start()
        return self._ready

    def bear(self, folder: Path) -> Born:
        """Have a child born that waits for its task; a folder for its temporary files is given.

        Raises:
            OSError: The process has gone; `is_ready` will start another.
        """
        to_read, to_write = os.pipe(), os.pipe()
        try:
            fds = [to_read[0], to_write[1]]
            socket.send_fds(self._line, [os.fsencode(folder)], fds)
            pid = int(self._line.recv(_MAX_BYTES) or b"0")
            if not pid:
                raise ConnectionResetError("the nursery has gone")
        except OSError:
            self._ready = False
            os.close(to_read[1])
            os.close(to_write[0])
            raise
        finally:
            os.close(to_read[0])
            os.close(to_write[1])
        return Born(pid, os.fdopen(to_read[1], "wb"), os.fdopen(to_write[0], "rb"))

    def close(self) -> None:
        """End the process; children that are born go on."""
        self._line.close()
        self._process.kill()
        self._process.wait()


def main() -> None:
    """Get ready, then fork whenever asked to, until the parent has gone."""
    from service.eyes import Eyes
    from service.media_child import run_child, set_up

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children here
    settings = set_up()
    with muted():
        eyes = Eyes.load()
    keep_latency_low()  # its children, too
    with socket.socket(fileno=os.dup(0)) as line:
        line.sendall(_READY)
        while (child := _take_child(line)) is not None:
            _fork(child, line, lambda: run_child(settings, eyes))


def _take_child(line: socket.socket) -> tuple[str, int, int] | None:
    folder, fds, _, _ = socket.recv_fds(line, _MAX_BYTES, 2)
    return (os.fsdecode(folder), fds[0], fds[1]) if folder else None


def _fork(child: tuple[str, int, int], line: socket.socket, run: Callable[[], None]) -> None:
    folder, stdin, stdout = child
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        line.close()
        os.dup2(stdin, 0)
        os.dup2(stdout, 1)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        try:
            run()
        finally:
            os._exit(0)  # whatever thread still waits for a video
    line.sendall(str(pid).encode())
    os.close(stdin)
    os.close(stdout)


@contextmanager
def muted() -> Iterator[None]:
    """Keep what a library prints about itself out of the logs, which are lines of JSON."""
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    main()
