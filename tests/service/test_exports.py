"""Every export is a file of its kind, made once for all who ask."""

import json
import struct
import zipfile
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from model.video import Limits
from service.broker import Broker
from service.errors import NotFoundError
from service.exports import Workshop, export_request
from service.messages import Job
from service.store import Store
from tests.service.finished import finished_job

FRAMES = 15


@pytest.fixture
def job(broker: Broker, store: Store, tmp_path: Path) -> Job:
    return finished_job(broker, store, tmp_path)


def make(
    broker: Broker, store: Store, folder: Path, job: Job, form: str, track: int | None = None
) -> bytes:
    """Make an export, and return what lies in the store then."""
    told: list[tuple[int, int]] = []
    shop = Workshop(store, broker, Path(), Limits(), folder, lambda *done: told.append(done))
    path, size_bytes = shop.make(job, export_request(job.id, form, "off", track))
    data = store.get(path)
    assert size_bytes == len(data)
    assert told, "nobody was told how far it is"
    assert not list(folder.glob("export.*"))
    return data


def test_a_glb_is_an_animated_scene(broker: Broker, store: Store, tmp_path: Path, job: Job) -> None:
    data = make(broker, store, tmp_path, job, "glb")

    length = struct.unpack("<I", data[12:16])[0]
    scene = json.loads(data[20 : 20 + length])
    assert [m["name"] for m in scene["meshes"]] == ["person 1"]
    assert len(scene["meshes"][0]["primitives"][0]["targets"]) == FRAMES


def test_a_zip_has_a_mesh_per_frame(broker: Broker, store: Store, tmp_path: Path, job: Job) -> None:
    (tmp_path / "out.zip").write_bytes(make(broker, store, tmp_path, job, "zip"))

    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert sum(name.endswith(".obj") for name in archive.namelist()) == FRAMES


@pytest.mark.parametrize("form", ["mp4", "preview"])
def test_a_video_has_every_frame(
    broker: Broker, store: Store, tmp_path: Path, job: Job, form: str
) -> None:
    (tmp_path / "out.mp4").write_bytes(make(broker, store, tmp_path, job, form))

    with av.open(str(tmp_path / "out.mp4")) as video:
        times_s = [frame.time for frame in video.decode(video=0)]
    np.testing.assert_allclose(times_s, np.arange(FRAMES) / 30, atol=1e-3)


@pytest.mark.parametrize(("form", "width"), [("png", 4 * 480), ("thumbnail", 320)])
def test_a_picture_can_be_read(
    broker: Broker, store: Store, tmp_path: Path, job: Job, form: str, width: int
) -> None:
    data = make(broker, store, tmp_path, job, form)

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape[1] == width


def test_somebody_who_is_not_there_cannot_be_exported(
    broker: Broker, store: Store, tmp_path: Path, job: Job
) -> None:
    with pytest.raises(NotFoundError, match="there is no person 2"):
        make(broker, store, tmp_path, job, "glb", track=2)


def test_equal_wishes_have_equal_names() -> None:
    assert export_request("1", "glb", "light", 2) == export_request("1", "glb", "light", 2)
    names = {
        export_request("1", "glb", smooth, t).export
        for smooth in ("off", "light")
        for t in (None, 1)
    }
    assert len(names) == 4


def test_a_preview_is_the_same_for_everybody() -> None:
    assert export_request("1", "preview", "strong", 2) == export_request("1", "preview")


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(NotFoundError, match=r"'docx'.*glb") as raised:
        export_request("1", "docx")

    assert raised.value.code == "unknown_format"
