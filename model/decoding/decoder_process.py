"""The parent's hold on one decoder child: start it, ask it, hear it, watch it, end it.

The child is a fresh interpreter in a session of its own, with a bare environment and no open
files but its pipes, the video and the ring. Nothing it says is trusted: lines are bounded,
pictures are read by their size from shared memory, and anything else is `decoder_crashed`.
"""

import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from math import inf
from pathlib import Path
from typing import Any

from model.decoding.feed import Feed
from model.decoding.request import Request
from model.errors import InputError

_MAX_LINE_BYTES = 1 << 16
_END_S = 5.0  # for a child that has closed its output to be gone
_CODES = {
    "decoder_crashed",
    "decoder_limit",
    "empty_video",
    "needs_whole_file",
    "no_frame_in_range",
    "no_video_stream",
    "not_a_video",
    "undecodable_video",
    "video_too_large",
    "video_too_long",
}
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class DecoderProcess:
    """One child, which gets ready and waits until it is asked.

    Args:
        fds: Descriptors that are handed over, by the numbers that they have here.
    """

    def __init__(self, *fds: int) -> None:
        self._feed: Feed | None = None
        self._stall_s = inf
        self._unread = b""
        self._process = subprocess.Popen(
            [sys.executable, "-SPB", "-m", "model.decoding.decoder"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=fds,
            env=_environment(),
            cwd="/",
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    @property
    def has_died(self) -> bool:
        """Whether it has ended, as one that waits should not."""
        return self._process.poll() is not None

    def ask(self, request: Request, feed: Feed | None) -> None:
        """Have the child decode.

        Args:
            request: What; its descriptors are some of those handed over.
            feed: The stream behind `request.video_fd`, where that is a pipe.
        """
        self._feed, self._stall_s = feed, request.limits.stall_s
        self._tell(request.encode().encode() + b"\n")

    def free(self, slots: int) -> None:
        """Tell the child that it may fill this many more slots."""
        self._tell(bytes(slots))

    def receive(self) -> dict[str, Any]:
        """Wait for the child's next message.

        Raises:
            InputError: `decoder_crashed`, `decoder_limit`, or what the child found.
        """
        while b"\n" not in self._unread:
            self._unread += self._read()
            if len(self._unread) > _MAX_LINE_BYTES:
                raise crashed("sent more than a message")
        line, self._unread = self._unread.split(b"\n", 1)
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise crashed("sent something that is no message")
        if message.get("kind") == "error" and message.get("code") in _CODES:
            raise InputError(message["code"], one_line(message.get("message")))
        return message

    def close(self) -> None:
        """End the child, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _tell(self, data: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # a child that has ended has left a last message
            os.write(self._process.stdin.fileno(), data)

    def _read(self) -> bytes:
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        self._await_readable(fd)
        data = os.read(fd, _MAX_LINE_BYTES)
        if not data:
            raise self._death()
        return data

    def _await_readable(self, fd: int) -> None:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        since_s = time.monotonic()
        while True:
            if self._feed is not None:
                fed_at_s = time.monotonic() if self._feed.waiting else self._feed.fed_at_s
                since_s = max(since_s, fed_at_s)
            left_s = since_s + self._stall_s - time.monotonic()
            if left_s <= 0:
                raise InputError(
                    "decoder_limit",
                    f"gave no picture for {self._stall_s:g} s; expected steady decoding; "
                    "convert it to H.264",
                )
            if poller.poll(min(left_s, 1.0) * 1000):
                return

    def _death(self) -> InputError:
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            return crashed("closed its output")
        if status == -signal.SIGXCPU:
            return InputError(
                "decoder_limit",
                "used up its CPU time without a picture; expected steady decoding; "
                "convert it to H.264",
            )
        if status < 0:
            return crashed(f"died of {signal.Signals(-status).name}")
        return crashed(f"left with status {status}")


def crashed(how: str) -> InputError:
    """The error for a child that did not do what it should."""
    return InputError(
        "decoder_crashed",
        f"made the decoder fail (it {how}); expected a sound video; convert it to H.264",
    )


def one_line(text: object) -> str:
    """Foreign text, printable and on one line."""
    return "".join(c if c.isprintable() else "?" for c in str(text))[:500]


def _environment() -> dict[str, str]:
    """Where to import from, and nothing secret."""
    path = [_PACKAGE_PARENT, *(str(Path(entry).resolve()) for entry in sys.path if entry)]
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # Fewer arenas: each thread's would reserve 64 MiB of the address space that is limited.
    return {"PYTHONPATH": os.pathsep.join(path), "MALLOC_ARENA_MAX": "2", **kept}
