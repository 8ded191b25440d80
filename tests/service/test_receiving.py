"""Videos as they arrive: measured, hashed, handed on in order, and given up in time."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from service import receiving
from service.body import RawBody
from service.errors import StoreFullError, TooLargeError, UploadError
from service.receiving import GATHER_BYTES, Receiver, receive


class Parts:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        self.chunks.append(bytes(chunk))


class FullParts:
    """Has no room."""

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        raise StoreFullError("disk_full", f"no room for {len(chunk)} bytes")


async def arriving(*pieces: bytes | float) -> AsyncIterator[bytes]:
    """Bytes, and seconds between them."""
    for piece in pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            await asyncio.sleep(piece)


def take(*pieces: bytes | float, max_bytes: int = 10**9) -> tuple[Parts, Receiver]:
    parts = Parts()
    receiver = Receiver(parts, max_bytes)
    asyncio.run(receive(arriving(*pieces), RawBody(), receiver))
    receiver.write_rest()
    return parts, receiver


def test_a_video_arrives_whole_and_in_order() -> None:
    pieces = [bytes([n]) * 70_000 for n in range(60)]

    parts, receiver = take(*pieces)

    assert b"".join(parts.chunks) == b"".join(pieces)
    assert receiver.size_bytes == 60 * 70_000
    assert receiver.sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()


def test_no_more_is_held_than_needed() -> None:
    parts, _ = take(*[b"x" * 65_536] * 200)

    assert max(map(len, parts.chunks)) <= GATHER_BYTES + 65_536


def test_what_came_before_a_pause_is_handed_on_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.01)

    parts, _ = take(b"before", 0.2, b"after")

    assert parts.chunks[0] == b"before"
    assert parts.chunks[-1] == b"after"


def test_of_a_slow_and_steady_source_nothing_is_held_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.1)

    parts, _ = take(*[b"x" * 100, 0.06] * 10)

    assert len([chunk for chunk in parts.chunks if chunk]) > 2


def test_a_client_that_falls_silent_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "PAUSE_S", 0.01)
    monkeypatch.setattr(receiving, "STALL_S", 0.05)

    with pytest.raises(UploadError) as caught:
        take(b"before", 60.0)

    assert caught.value.code == "upload_incomplete"


def test_a_video_over_the_limit_is_refused_as_soon_as_it_is() -> None:
    with pytest.raises(TooLargeError) as caught:
        take(b"x" * 600, b"x" * 600, 60.0, max_bytes=1000)

    assert caught.value.code == "upload_too_large"


def test_a_full_disk_is_told() -> None:
    with pytest.raises(StoreFullError):
        asyncio.run(receive(arriving(b"x" * GATHER_BYTES), RawBody(), Receiver(FullParts(), 10**9)))
