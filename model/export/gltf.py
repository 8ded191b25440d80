"""A binary glTF 2.0 file, put together piece by piece. Knows no bodies and no people.

Arrays go to a file as they come; the JSON that describes them is kept as text, about 0.2 KB for
each. The JSON comes first in a .glb, so the arrays are copied behind it at the end. Section numbers
are those of the glTF 2.0 specification (Khronos).
"""

import json
import shutil
import struct
from pathlib import Path
from typing import IO, Any

import numpy as np

from model.types import Array

ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
_COMPONENT = {"int8": 5120, "uint8": 5121, "int16": 5122, "uint16": 5123, "float32": 5126}
_TYPE = {(): "SCALAR", (3,): "VEC3", (4,): "VEC4"}
_JSON_CHUNK, _BINARY_CHUNK = b"JSON", b"BIN\0"


class Gltf:
    """Collects the parts of one file.

    Args:
        buffer: Where array data waits; an open, empty, temporary file.
        asset: What the file says of itself, beside the version (5.9).
    """

    def __init__(self, buffer: IO[bytes], asset: dict[str, Any]) -> None:
        self._buffer = buffer
        self._size = 0
        self._parts: dict[str, bytearray] = {}  # by kind, objects and commas between them
        self._counts: dict[str, int] = {}
        self._root: dict[str, Any] = {"asset": {"version": "2.0", **asset}}

    def add(self, kind: str, **fields: Any) -> int:
        """Add an object to one of the top-level arrays (`nodes`, `meshes`, ...).

        Returns:
            Its index there.
        """
        index = self._counts.get(kind, 0)
        self._counts[kind] = index + 1
        parts = self._parts.setdefault(kind, bytearray())
        parts += b"," * (index > 0) + _to_json(fields)
        return index

    def set(self, **fields: Any) -> None:
        """Set top-level fields."""
        self._root |= fields

    def add_array(self, array: Array, *, bounds: bool = False) -> int:
        """Add an array that is not vertex data: key times and values. Returns the accessor."""
        view = self._add_view(np.ascontiguousarray(array))
        return self._add_accessor(array, view, bounds=bounds)

    def add_indices(self, indices: Array) -> int:
        """Add vertex numbers of triangles, flat. Returns the accessor."""
        view = self._add_view(np.ascontiguousarray(indices), target=ELEMENT_ARRAY_BUFFER)
        return self._add_accessor(indices, view)

    def add_vertices(self, array: Array, *, normalized: bool = False, bounds: bool = False) -> int:
        """Add one value per vertex, each padded to four bytes as 3.6.2.4 asks.

        Args:
            array: [V,3] of integers or floats.
            normalized: Integers stand for [-1, 1].
            bounds: Tell minimum and maximum, as positions must.

        Returns:
            The accessor.
        """
        width = array.shape[1]
        padded = -(-width * array.itemsize // 4) * 4 // array.itemsize
        rows = np.zeros((len(array), padded), array.dtype)
        rows[:, :width] = array
        stride = padded * array.itemsize
        view = self._add_view(rows, target=ARRAY_BUFFER, byteStride=stride)
        return self._add_accessor(array, view, normalized=normalized, bounds=bounds)

    def save(self, path: Path) -> None:
        """Write header, JSON and arrays (4.4)."""
        self._root["buffers"] = [{"byteLength": self._size}]
        pieces: list[bytes | bytearray] = [_to_json(self._root)[:-1]]
        for kind, parts in self._parts.items():
            pieces += [f',"{kind}":['.encode(), parts, b"]"]
        pieces.append(b"}")
        length = sum(map(len, pieces))
        pieces.append(b" " * (-length % 4))
        length += -length % 4
        with path.open("wb") as file:
            file.write(struct.pack("<4sII", b"glTF", 2, 12 + 8 + length + 8 + self._size))
            file.write(struct.pack("<I4s", length, _JSON_CHUNK))
            file.writelines(pieces)
            file.write(struct.pack("<I4s", self._size, _BINARY_CHUNK))
            self._buffer.seek(0)
            shutil.copyfileobj(self._buffer, file, 1 << 20)

    def _add_view(self, array: Array, **fields: Any) -> int:
        """Append an array's bytes, padded so that the next one begins at a multiple of four."""
        view = self.add(
            "bufferViews", buffer=0, byteOffset=self._size, byteLength=array.nbytes, **fields
        )
        self._buffer.write(array.tobytes())
        self._buffer.write(bytes(-array.nbytes % 4))
        self._size += array.nbytes + -array.nbytes % 4
        return view

    def _add_accessor(
        self, array: Array, view: int, *, normalized: bool = False, bounds: bool = False
    ) -> int:
        fields: dict[str, Any] = {
            "bufferView": view,
            "componentType": _COMPONENT[array.dtype.name],
            "count": len(array),
            "type": _TYPE[array.shape[1:]],
        }
        if normalized:
            fields["normalized"] = True
        if bounds:
            fields["min"] = np.atleast_1d(array.min(axis=0)).tolist()
            fields["max"] = np.atleast_1d(array.max(axis=0)).tolist()
        return self.add("accessors", **fields)


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
