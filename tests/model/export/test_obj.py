"""The ZIP of OBJ files, read by trimesh."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
import trimesh

from model.export.obj import write_obj
from model.reconstruction import Reconstruction
from tests.model.dancers import dancer, reconstruction_of


@pytest.fixture(scope="module")
def result() -> Reconstruction:
    return reconstruction_of(dancer(1, range(2)), dancer(2, [5], centre=(0.7, 0.4)))


@pytest.fixture(scope="module")
def archive(
    result: Reconstruction, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[zipfile.ZipFile]:
    path = tmp_path_factory.mktemp("obj") / "out.zip"
    write_obj(result, path)
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_there_is_a_file_per_person_and_frame(archive: zipfile.ZipFile) -> None:
    assert archive.namelist() == [
        "README.txt",
        "meta.json",
        "times.csv",
        "person_0001/frame_000000.obj",
        "person_0001/frame_000001.obj",
        "person_0002/frame_000005.obj",
    ]


def test_trimesh_reads_the_vertices_back(archive: zipfile.ZipFile, result: Reconstruction) -> None:
    data = io.BytesIO(archive.read("person_0002/frame_000005.obj"))
    mesh = trimesh.load(data, file_type="obj", process=False)
    placed_m = result.mesh(result.sequences[1], slice(0, 1)).placed_m()[0]
    np.testing.assert_allclose(mesh.vertices, placed_m * [1, -1, -1], atol=5e-5)
    np.testing.assert_array_equal(mesh.faces, result.body.faces)


def test_times_are_listed(archive: zipfile.ZipFile) -> None:
    rows = list(csv.DictReader(archive.read("times.csv").decode().splitlines()))
    assert [row["file"] for row in rows] == archive.namelist()[3:]
    assert [float(row["pts_s"]) for row in rows] == pytest.approx([0, 1 / 30, 5 / 30], abs=1e-6)


def test_meta_names_the_licence(archive: zipfile.ZipFile, result: Reconstruction) -> None:
    assert json.loads(archive.read("meta.json"))["licence"] == result.meta.licence
