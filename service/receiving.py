"""The bytes of an upload as they arrive: measured, hashed, handed on, given up if they stall."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from service.body import Body, Field
from service.errors import TooLargeError, UploadError
from service.in_full import in_full
from service.metrics import UPLOADED_BYTES

GATHER_BYTES = 2**20  # handed to a thread at once
PAUSE_S = 0.5  # since the first byte gathered, until all goes to the store all the same
STALL_S = 60.0  # without news, until the client is taken for lost


class Parts(Protocol):
    """Takes a video in order, as `service.upload_parts.PartWriter` does."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take bytes, or none, only to let what has waited long enough be written."""


async def admitted_already() -> None:
    """What is waited for where nobody has to admit anything."""


class Receiver:
    """Measures, hashes and hands on what arrives of a video; hashing and writing in threads.

    Args:
        parts: Where to.
        max_bytes: Largest video that is taken.
        hashed: Whether `sha256` is wanted: two seconds of a core for 2 GB.
        admit: Waited for before anything is handed on, each time; what it raises, `flush` does.

    Attributes:
        size_bytes: Of the video so far.
    """

    def __init__(
        self,
        parts: Parts,
        max_bytes: int,
        *,
        hashed: bool = True,
        admit: Callable[[], Awaitable[object]] = admitted_already,
    ) -> None:
        self.size_bytes = 0
        self._parts = parts
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256() if hashed else None
        self._admit = admit
        self._gathered = bytearray()
        self._since_s = 0.0

    @property
    def sha256(self) -> str:
        """Of what has come so far."""
        assert self._hash is not None
        whole = self._hash.copy()
        whole.update(self._gathered)
        return whole.hexdigest()

    async def add(self, data: bytes) -> None:
        """Take the next bytes.

        Raises:
            TooLargeError: `upload_too_large`.
            StoreFullError, StoreUnavailableError: They cannot be written.
            RemocapError: What `admit` raised.
        """
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if not self._gathered:
            self._since_s = time.monotonic()
        self._gathered += data
        if len(self._gathered) >= GATHER_BYTES or time.monotonic() - self._since_s >= PAUSE_S:
            await self.flush()  # a source that is slow and steady never pauses

    async def flush(self) -> None:
        """Hand on what was gathered; without any, give older bytes the time to be written."""
        await self._admit()
        await in_full(self.write_rest)

    def write_rest(self) -> None:
        """Do what `flush` does, in a thread of the caller's and without `admit`."""
        data, self._gathered = self._gathered, bytearray()
        if self._hash is not None:
            self._hash.update(data)
        UPLOADED_BYTES.inc(len(data))
        self._parts.write(data)  # which takes it over


def too_large(max_bytes: int) -> TooLargeError:
    """Return the error for a video above the limit."""
    return TooLargeError(
        "upload_too_large",
        f"the video is larger than {max_bytes / 1e6:.0f} MB; send a shorter one or one of a lower "
        "bit rate, or raise REMOCAP_MAX_UPLOAD_BYTES",
    )


async def receive(stream: AsyncIterator[bytes], body: Body, receiver: Receiver) -> dict[str, str]:
    """Read a request's body to its end, and return the fields that came beside the video.

    What came last is still gathered: `Receiver.write_rest` hands it on.

    Args:
        stream: The bytes as they arrive.
        body: Who reads them.
        receiver: Where the video goes.

    Raises:
        UploadError: The body cannot be read, is too large, or stops arriving
            (`upload_incomplete`).
        StoreFullError, StoreUnavailableError: The video cannot be written.
    """
    fields: dict[str, str] = {}
    async for data in _with_pauses(stream):
        for piece in body.feed(data):
            if isinstance(piece, Field):
                fields[piece.name] = piece.value
            else:
                await receiver.add(piece)
        if not data:
            await receiver.flush()
    body.close()
    return fields


async def _with_pauses(stream: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield what arrives; where nothing does for a while, nothing."""
    idle_s = 0.0
    coming: asyncio.Task[bytes | None] | None = None
    try:
        while True:
            coming = coming or asyncio.create_task(_next(stream))
            await asyncio.wait({coming}, timeout=PAUSE_S)
            if not coming.done():
                idle_s += PAUSE_S
                if idle_s >= STALL_S:
                    raise incomplete(f"nothing arrived for {STALL_S:.0f} s")
                yield b""
                continue
            data, coming, idle_s = coming.result(), None, 0.0
            if data is None:
                return
            if data:
                yield data
    finally:
        if coming is not None:
            coming.cancel()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


def incomplete(why: str) -> UploadError:
    """Return the error for an upload that broke off."""
    return UploadError(
        "upload_incomplete", f"the video did not arrive whole ({why}); send it again"
    )
