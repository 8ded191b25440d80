"""Pours a growing stream into a pipe, so that a child can decode while it arrives."""

import os
import threading
import time
from typing import Protocol, runtime_checkable

_CHUNK_BYTES = 1 << 16


@runtime_checkable
class Readable(Protocol):
    """A stream of bytes still arriving."""

    def read(self, size: int, /) -> bytes:
        """Between 1 and `size` bytes, waiting for them; none at the end."""


class Feed:
    """A thread that reads a stream and fills a pipe, no faster than the pipe is emptied.

    Args:
        source: Read by this object's thread alone, until its end or until nobody holds the
            reading end. It stays the caller's to close.
        fd: The pipe's writing end, closed here.

    Attributes:
        waiting: Whether the stream has been asked for bytes and has not given them yet.
        fed_at_s: When it last gave some, on the monotonic clock.
        error: What the stream raised.
    """

    def __init__(self, source: Readable, fd: int) -> None:
        self._source, self._fd = source, fd
        self.waiting = True
        self.fed_at_s = time.monotonic()
        self.error: Exception | None = None
        threading.Thread(target=self._pour, daemon=True, name="video-feed").start()

    def _pour(self) -> None:
        try:
            while chunk := self._read():
                view = memoryview(chunk)
                while view:
                    view = view[os.write(self._fd, view) :]
        except BrokenPipeError:
            pass  # the child needs no more
        except Exception as error:
            self.error = error
        finally:
            os.close(self._fd)

    def _read(self) -> bytes:
        self.waiting = True
        chunk = self._source.read(_CHUNK_BYTES)
        self.fed_at_s, self.waiting = time.monotonic(), False
        return chunk
