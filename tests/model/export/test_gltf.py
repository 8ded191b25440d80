"""The container, checked byte by byte against the glTF 2.0 specification."""

import json
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.export.gltf import Gltf


def _save(tmp_path: Path, *arrays: np.ndarray) -> tuple[dict[str, Any], bytes]:
    """Write arrays as vertices; return the JSON and the binary chunk of what was written."""
    with tempfile.TemporaryFile() as buffer:
        gltf = Gltf(buffer, {"generator": "töst"})
        for array in arrays:
            gltf.add_vertices(array, bounds=True)
        gltf.save(tmp_path / "out.glb")
    data = (tmp_path / "out.glb").read_bytes()
    magic, version, length, json_length, kind = struct.unpack("<4sIII4s", data[:20])
    assert (magic, version, length, kind) == (b"glTF", 2, len(data), b"JSON")
    binary = data[20 + json_length :]
    assert struct.unpack("<I4s", binary[:8]) == (len(binary) - 8, b"BIN\0")
    return json.loads(data[20 : 20 + json_length]), binary[8:]


@pytest.mark.parametrize(("kind", "stride"), [(np.int8, 4), (np.int16, 8), (np.float32, 12)])
def test_vertices_begin_at_multiples_of_four(tmp_path: Path, kind: type, stride: int) -> None:
    described, _ = _save(tmp_path, np.ones((5, 3), kind), np.ones((2, 3), kind))
    assert [view["byteStride"] for view in described["bufferViews"]] == [stride, stride]
    assert all(view["byteOffset"] % 4 == 0 for view in described["bufferViews"])


def test_values_lie_where_the_json_says(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.int16).reshape(4, 3)
    described, binary = _save(tmp_path, np.ones((5, 3), np.int8), array)
    view = described["bufferViews"][1]
    read = np.ndarray((4, 3), np.int16, binary, view["byteOffset"], (view["byteStride"], 2))
    np.testing.assert_array_equal(read, array)


def test_bounds_are_told(tmp_path: Path) -> None:
    described, _ = _save(tmp_path, np.array([[1, 5, 9], [4, 2, 8]], np.int16))
    [accessor] = described["accessors"]
    assert (accessor["min"], accessor["max"]) == ([1, 2, 8], [4, 5, 9])


def test_text_may_be_longer_in_bytes_than_in_letters(tmp_path: Path) -> None:
    described, _ = _save(tmp_path, np.ones((1, 3), np.int8))
    assert described["asset"] == {"version": "2.0", "generator": "töst"}
