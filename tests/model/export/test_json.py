"""The JSON, read back by the standard library and by lines."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.errors import OutputError
from model.export.json import stream_json, write_json
from model.reconstruction import Reconstruction
from tests.model.dancers import dancer, reconstruction_of, repeated


@pytest.fixture(scope="module")
def result() -> Reconstruction:
    return reconstruction_of(dancer(1, range(3)), dancer(2, [5], centre=(0.7, 0.4)))


@pytest.fixture(scope="module")
def text(result: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("json") / "out.json"
    write_json(result, path)
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parsed(text: str) -> dict[str, Any]:
    return json.loads(text)


def test_rows_are_sorted_by_person_and_frame(parsed: dict[str, Any]) -> None:
    rows = [(row["track_id"], row["frame_index"]) for row in parsed["rows"]]
    assert rows == [(1, 0), (1, 1), (1, 2), (2, 5)]


def test_vertices_and_joints_are_those_of_the_meshes(
    parsed: dict[str, Any], result: Reconstruction
) -> None:
    mesh = result.mesh(result.sequences[1], slice(0, 1))
    row = parsed["rows"][3]
    np.testing.assert_allclose(row["vertices_m"], mesh.vertices_m[0], atol=5e-5)
    np.testing.assert_allclose(row["joints3d_m"], mesh.joints3d_m[0], atol=5e-5)
    np.testing.assert_allclose(row["joints2d_px"], mesh.joints2d_px[0], atol=0.01)
    np.testing.assert_array_equal(parsed["faces"], result.body.faces)


def test_a_row_can_be_placed_with_what_it_holds(
    parsed: dict[str, Any], result: Reconstruction
) -> None:
    row = parsed["rows"][3]
    placed_m = np.array(row["vertices_m"]) @ np.array(row["view_rotmat"]).T + row["translation_m"]
    expected_m = result.mesh(result.sequences[1], slice(0, 1)).placed_m()[0]
    np.testing.assert_allclose(placed_m, expected_m, atol=5e-5)


def test_each_row_is_a_line_of_its_own(text: str, parsed: dict[str, Any]) -> None:
    lines = text[text.index('"rows":[') :].splitlines()[1:-1]
    assert [json.loads(line.rstrip(",")) for line in lines] == parsed["rows"]


def test_a_result_that_would_be_too_large_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"would be 3\.8 GiB.* write an \.npz") as caught:
        write_json(reconstruction_of(repeated(20_000)), tmp_path / "out.json")
    assert caught.value.code == "too_large_for_format"
    assert list(tmp_path.iterdir()) == []


def test_a_stream_is_the_file_in_pieces(text: str, result: Reconstruction) -> None:
    assert "".join(stream_json(result)) == text


def test_a_stream_that_would_be_too_large_is_refused_before_it_begins() -> None:
    with pytest.raises(OutputError, match="would be"):
        stream_json(reconstruction_of(repeated(20_000)))
