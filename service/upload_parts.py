"""A video on its way into the store and out of it: numbered parts, and how it ended.

Neither side ever holds more than a part or two. A reader may start before the writer has ended.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from service.errors import UploadError
from service.store import Store, end_path, part_path

PART_BYTES = 8 * 2**20
PART_S = 1.0
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.002, 0.25

Clock = Callable[[], float]


class PartWriter:
    """Writes a job's video as it arrives.

    Args:
        store: Where to.
        job: Whose.
        clock: Seconds, rising.

    Attributes:
        closed: Whether all of it is in the store.
    """

    def __init__(self, store: Store, job: str, clock: Clock = time.monotonic) -> None:
        self._store, self._job, self._clock = store, job, clock
        self._waiting = bytearray()
        self._since_s = 0.0
        self._parts = self._written = 0
        self.closed = False

    @property
    def size_bytes(self) -> int:
        """Bytes taken so far."""
        return self._written + len(self._waiting)

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take bytes; a part is written once it holds 8 MB, or its first byte is 1 s old.

        A bytearray is taken over: nobody else may go on using it.

        Raises:
            StoreFullError, StoreUnavailableError: As `Store.put`.
        """
        if self._waiting:
            self._waiting += chunk
        else:
            self._since_s = self._clock()
            self._waiting = chunk if isinstance(chunk, bytearray) else bytearray(chunk)
        while len(self._waiting) >= PART_BYTES:
            self._put(PART_BYTES)
        if self._waiting and self._clock() - self._since_s >= PART_S:
            self._put(len(self._waiting))

    def close(self) -> int:
        """Write what is left and the end, and return the size in bytes."""
        if self._waiting:
            self._put(len(self._waiting))
        self._end({"parts": self._parts, "bytes": self._written})
        self.closed = True
        return self._written

    def abort(self, code: str) -> None:
        """Say that the rest will not come."""
        self._end({"aborted": code})

    def _put(self, size: int) -> None:
        with memoryview(self._waiting) as waiting, waiting[:size] as part:
            self._store.put(part_path(self._job, self._parts), part)
        del self._waiting[:size]
        self._parts += 1
        self._written += size
        self._since_s = self._clock()

    def _end(self, facts: dict[str, int | str]) -> None:
        self._store.put(end_path(self._job), json.dumps(facts).encode())


def read_parts(
    store: Store,
    job: str,
    stall_s: float = 60,
    sleep: Callable[[float], object] = time.sleep,
    clock: Clock = time.monotonic,
) -> Iterator[bytes]:
    """Yield a job's video part by part, waiting for those that are still to come.

    Args:
        store: Where it lies.
        job: Whose.
        stall_s: How long nothing may come; longer than the writer's keep-alive.
        sleep: Called with the seconds to wait until the next look.
        clock: Seconds, rising.

    Raises:
        UploadError: `upload_incomplete`, or what the writer aborted with.
    """
    part, parts = 0, None
    while parts is None or part < parts:
        data, parts = _wait_for_part(store, job, part, stall_s, sleep, clock)
        if data is not None:
            yield data
            part += 1


def _wait_for_part(
    store: Store,
    job: str,
    part: int,
    stall_s: float,
    sleep: Callable[[float], object],
    clock: Clock,
) -> tuple[bytes | None, int | None]:
    """Return a part and, where it is known, how many there are; no part where there is none."""
    until, pause_s = clock() + stall_s, _FIRST_WAIT_S
    while clock() < until:
        # The end is asked for first: what it counts was written before it.
        parts = _parts_of(_get(store, end_path(job)))
        if parts is not None and part >= parts:
            return None, parts
        data = _get(store, part_path(job, part))
        if data is not None:
            return data, parts
        sleep(pause_s)
        pause_s = min(pause_s * 1.5, _LONGEST_WAIT_S)
    raise UploadError(
        "upload_incomplete",
        f"part {part} of the video did not come within {stall_s:g} s; send it again",
    )


def _get(store: Store, path: str) -> bytes | None:
    try:
        return store.get(path)
    except FileNotFoundError:
        return None


def _parts_of(end: bytes | None) -> int | None:
    facts: dict[str, Any] = json.loads(end) if end else {}
    if "aborted" in facts:
        raise UploadError(facts["aborted"], "the upload broke off; send the video again")
    return facts.get("parts")
