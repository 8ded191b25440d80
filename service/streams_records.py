"""The binary stream of frames, record by record, as docs/streams.md lays it out.

Large positions are made as they are asked for, a few rows at a time. This module knows no store, no
queue and no HTTP.
"""

import json
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from model.coarse_joints import Placement
from model.types import FINE, Array, Sequence

MEDIA_TYPE = "application/vnd.remocap.frames"
Level = Literal["coarse", "fine"]
Encoding = Literal["float32", "int16"]
MakeFine = Callable[[Sequence], Float32[Array, "k 6890 3"]]
"""Computes the vertices about the pelvis of some rows."""

_HEAD = struct.Struct("<IId")
_ALIGNED = 8
_FINE_ROWS = 4  # that are computed at once, 0.33 MB
_MOST_STEPS = 32767
_DTYPES = {"float64": "F64", "float32": "F32", "int32": "I32", "int16": "I16", "uint8": "U8"}


class Kind(IntEnum):
    """What a record is."""

    meta = 1
    rows = 2
    end = 3
    alive = 4


@dataclass(frozen=True)
class Form:
    """How positions are written.

    Attributes:
        level: Coarse vertices, raw, or fine ones about the pelvis.
        encoding: In metres, or in steps of the record.
    """

    level: Level = "coarse"
    encoding: Encoding = "float32"


def json_record(kind: Kind, number: int, facts: Mapping[str, Any]) -> bytes:
    """Return a record whose payload is JSON."""
    payload = json.dumps(facts, ensure_ascii=False).encode()
    return _head(kind, number, len(payload)) + payload + _padding(len(payload))


def alive_record(number: int) -> bytes:
    """Return the record that says no more than that the connection stands."""
    return _head(Kind.alive, number, 0)


def rows_record(
    number: int, shown: Sequence, placed: Placement, form: Form, make_fine: MakeFine
) -> Iterator[bytes]:
    """Yield a record of rows in pieces.

    Args:
        number: Of the record.
        shown: Some rows of one person.
        placed: Where the person is in them.
        form: How to write the positions.
        make_fine: Called for a few rows at a time, where the level is fine.
    """
    before, after = _columns(shown, placed), {"observed": shown.observed.astype(np.uint8)}
    name, positions = _positions(shown, form, make_fine)
    if form.encoding == "int16":
        before["step_m"], positions = _in_steps(positions, len(shown))
    vertices = FINE if form.level == "fine" else shown.coarse_m.shape[1]
    dtype = "I16" if form.encoding == "int16" else "F32"
    header, data_bytes = _header(before, (name, dtype, (len(shown), vertices, 3)), after)
    length = len(header) + data_bytes
    yield _head(Kind.rows, number, length) + header + b"".join(map(_bytes, before.values()))
    yield from map(_bytes, positions)
    yield _bytes(after["observed"]) + _padding(length)


def _columns(shown: Sequence, placed: Placement) -> dict[str, Array]:
    return {
        "pts_s": shown.pts_s,
        "track_id": np.full(len(shown), shown.track_id, np.int32),
        "frame_index": shown.frame_index,
        "score": shown.score,
        "camera": shown.camera,
        "crop_px": shown.crop_px,
        **vars(placed),
        "joint_tokens_m": shown.joint_tokens_m,
    }


def _positions(shown: Sequence, form: Form, make_fine: MakeFine) -> tuple[str, Iterator[Array]]:
    """Return the array's name, and its rows in pieces."""
    in_metres = form.encoding == "float32"
    if form.level == "coarse":
        return "coarse_m" if in_metres else "coarse", iter([shown.coarse_m])
    starts = range(0, len(shown), _FINE_ROWS)
    pieces = (make_fine(shown[slice(start, start + _FINE_ROWS)]) for start in starts)
    return "vertices_m" if in_metres else "vertices", pieces


def _in_steps(pieces: Iterator[Array], rows: int) -> tuple[Array, Iterator[Array]]:
    """Return the step of a record, which follows from all of its positions, and these in steps."""
    metres = np.concatenate(list(pieces))
    assert len(metres) == rows
    step_m = np.float32(max(float(np.abs(metres).max()), 1e-6) / _MOST_STEPS)
    steps = np.rint(metres / step_m).clip(-_MOST_STEPS, _MOST_STEPS).astype(np.int16)
    return np.array([step_m]), iter([steps])


def _header(
    before: Mapping[str, Array],
    positions: tuple[str, str, tuple[int, ...]],
    after: Mapping[str, Array],
) -> tuple[bytes, int]:
    """Return the head of a safetensors file, and the length of the data that follows it."""
    entries, offset = {}, 0
    for name, dtype, shape, size in _described(before, positions, after):
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": (offset, offset + size)}
        offset += size
    text = json.dumps(entries, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNED)
    return struct.pack("<Q", len(text)) + text, offset


def _described(
    before: Mapping[str, Array],
    positions: tuple[str, str, tuple[int, ...]],
    after: Mapping[str, Array],
) -> Iterator[tuple[str, str, tuple[int, ...], int]]:
    """Yield name, type, shape and size in bytes of every array, in order."""
    name, dtype, shape = positions
    size = int(np.prod(shape)) * (2 if dtype == "I16" else 4)
    for column, array in before.items():
        yield column, _DTYPES[array.dtype.name], array.shape, array.nbytes
    yield name, dtype, shape, size
    for column, array in after.items():
        yield column, _DTYPES[array.dtype.name], array.shape, array.nbytes


def _bytes(array: Array) -> bytes:
    return array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()


def _head(kind: Kind, number: int, length: int) -> bytes:
    return _HEAD.pack(kind, length, number)


def _padding(length: int) -> bytes:
    return bytes(-length % _ALIGNED)  # a head is 16 bytes
