"""Reads streams of frames as docs/streams.md lays them out; not with the code that makes them."""

import json
import struct
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load

META, ROWS, END, ALIVE = 1, 2, 3, 4


class Record(NamedTuple):
    """A record as it came."""

    kind: int
    number: float
    payload: bytes

    @property
    def facts(self) -> dict[str, Any]:
        """Of `meta` and `end`."""
        found: dict[str, Any] = json.loads(self.payload)
        return found

    @property
    def rows(self) -> dict[str, np.ndarray]:
        """Of `rows`."""
        found: dict[str, np.ndarray] = load(self.payload)
        return found


def records(pieces: Iterable[bytes]) -> Iterator[Record]:
    """The records that arrived whole."""
    buffer = b""
    for piece in pieces:
        buffer += piece
        while len(buffer) >= 16:
            kind, length, number = struct.unpack_from("<IId", buffer)
            size = (16 + length + 7) // 8 * 8
            if len(buffer) < size:
                break
            assert not any(buffer[16 + length : size])
            yield Record(kind, number, buffer[16 : 16 + length])
            buffer = buffer[size:]


def joined(found: Iterable[Record]) -> dict[str, np.ndarray]:
    """The rows of all records, column by column."""
    parts = [record.rows for record in found if record.kind == ROWS]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
