"""A result as one file: what is in it, and what is refused."""

import base64
import gzip
import re
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load

from model.camera import pinhole_intrinsics
from model.errors import InputError, UsageError
from model.export.npz import write_npz
from model.reconstruction import Reconstruction
from model.registry import find_model, weights_id
from model.types import Meta
from service import page_file
from service.page_file import read_result, write_page
from service.shapes import load_shapes
from tests.model.people import make_sequence

MODEL = "remocap-anny"


@pytest.fixture
def result() -> Reconstruction:
    """A person in five frames."""
    card = find_model(MODEL).card
    shapes = load_shapes(MODEL, weights_id(card), None)
    intrinsics = pinhole_intrinsics(640, 360)
    meta = Meta(
        model=MODEL,
        weights_sha256=shapes.weights_sha256,
        trained=card.trained,
        body=card.body,
        width=640,
        height=360,
        frame_count=5,
        coverage=1.0,
        licence=card.licence,
        focal_px=float(intrinsics[0, 0]),
        focal_source="given",
    )
    people = (make_sequence(np.arange(5) / 30),)
    return Reconstruction(people, shapes.body, shapes.upsampling, meta, intrinsics)


@pytest.fixture
def npz(result: Reconstruction, tmp_path: Path) -> Path:
    write_npz(result, tmp_path / "a & b.npz")
    return tmp_path / "a & b.npz"


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player that does nothing."""
    folder = tmp_path / "dist" / "file"
    folder.mkdir(parents=True)
    (folder / "player.js").write_text('const end = "</script>";')
    (folder / "player.css").write_text("body{}")
    monkeypatch.setattr(page_file, "BUILT", folder.parent)


def test_a_result_is_read_as_it_was_written(npz: Path, result: Reconstruction) -> None:
    read, _ = read_result(npz)

    (person,), (written,) = read.sequences, result.sequences
    assert read.meta == result.meta
    np.testing.assert_array_equal(person.coarse_m, written.coarse_m)
    np.testing.assert_allclose(person.camera, written.camera, atol=1e-6)
    np.testing.assert_array_equal(person.pts_s, written.pts_s)


@pytest.mark.usefixtures("player")
def test_the_file_holds_every_row_exactly(npz: Path, result: Reconstruction) -> None:
    write_page(npz, None, npz.with_suffix(".html"))

    rows = [load(payload) for kind, payload in records(npz.with_suffix(".html")) if kind == 2]
    coarse_m = np.concatenate([row["coarse_m"] for row in rows])
    np.testing.assert_array_equal(coarse_m, result.sequences[0].coarse_m)


def records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of the records in a file."""
    found = re.search(r'id="frames">([^<]*)<', path.read_text(encoding="utf-8"))
    assert found is not None
    data = gzip.decompress(base64.b64decode(found[1]))
    while data:
        kind, length, _ = struct.unpack_from("<IId", data)
        yield kind, data[16 : 16 + length]
        data = data[16 + -(-length // 8) * 8 :]


@pytest.mark.usefixtures("player")
def test_the_file_runs_the_player_alone_and_asks_nobody(npz: Path) -> None:
    write_page(npz, None, npz.with_suffix(".html"))

    text = npz.with_suffix(".html").read_text(encoding="utf-8")
    assert "default-src 'none'; script-src 'sha256-" in text
    assert "<title>a &amp; b" in text
    assert text.count("</script>") == 3  # topology, rows, player: its own text closes none


@pytest.mark.usefixtures("player")
def test_a_file_that_is_no_result_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "other.npz", a=np.zeros(3))

    with pytest.raises(InputError, match=r"other\.npz cannot be shown") as refused:
        write_page(tmp_path / "other.npz", None, tmp_path / "other.html")

    assert refused.value.code == "not_a_result"
    assert not (tmp_path / "other.html").exists()


def test_without_a_build_it_says_how_to_make_one(
    npz: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_file, "BUILT", tmp_path / "nothing")

    with pytest.raises(UsageError, match="make page") as refused:
        write_page(npz, None, npz.with_suffix(".html"))

    assert refused.value.code == "page_not_built"
