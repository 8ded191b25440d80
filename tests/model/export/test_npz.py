"""The NPZ contract, read by NumPy and by a reader that knows no NumPy file routines."""

import ast
import errno
import json
import struct
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import OutputError
from model.export.npz import stream_npz, write_npz
from model.reconstruction import Reconstruction
from tests.model.dancers import dancer, reconstruction_of

ROWS = 40 + 5
CONTRACT = {
    "track_id": ("<i4", (ROWS,)),
    "frame_index": ("<i4", (ROWS,)),
    "pts_s": ("<f8", (ROWS,)),
    "vertices_m": ("<f4", (ROWS, 6890, 3)),
    "joints3d_m": ("<f4", (ROWS, 14, 3)),
    "joint_tokens_m": ("<f4", (ROWS, 14, 3)),
    "coarse_m": ("<f4", (ROWS, 431, 3)),
    "joints2d_px": ("<f4", (ROWS, 14, 2)),
    "camera": ("<f4", (ROWS, 3)),
    "crop_px": ("<f4", (ROWS, 4)),
    "translation_m": ("<f4", (ROWS, 3)),
    "intrinsics": ("<f4", (3, 3)),
    "score": ("<f4", (ROWS,)),
    "observed": ("|b1", (ROWS,)),
    "faces": ("<i4", (13776, 3)),
}


@pytest.fixture(scope="module")
def result() -> Reconstruction:
    return reconstruction_of(dancer(1, range(40)), dancer(3, range(5, 10), centre=(0.7, 0.5)))


@pytest.fixture(scope="module")
def written(result: Reconstruction, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("npz") / "out.npz"
    write_npz(result, path)
    return path


def _read_plainly(path: Path) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """Type, shape and bytes of each array, by the .npy format's published description."""
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            data = archive.read(name)
            assert data[:8] == b"\x93NUMPY\x01\x00"
            (length,) = struct.unpack("<H", data[8:10])
            header = ast.literal_eval(data[10 : 10 + length].decode("latin1"))
            assert header["fortran_order"] is False
            body = data[10 + length :]
            arrays[name.removesuffix(".npy")] = (header["descr"], header["shape"], body)
    return arrays


def test_every_array_has_the_type_and_shape_of_the_contract(written: Path) -> None:
    arrays = {name: (descr, shape) for name, (descr, shape, _) in _read_plainly(written).items()}
    kind, shape = arrays.pop("meta")
    assert kind.startswith("<U")
    assert shape == ()
    assert arrays == CONTRACT


def test_two_readers_see_the_same(written: Path) -> None:
    plain = _read_plainly(written)
    with np.load(written, allow_pickle=False) as arrays:
        assert {name: arrays[name].tobytes() for name in arrays.files} == {
            name: data for name, (_, _, data) in plain.items()
        }


def test_vertices_are_those_of_the_meshes(written: Path, result: Reconstruction) -> None:
    with np.load(written) as arrays:
        vertices_m, joints2d_px = arrays["vertices_m"], arrays["joints2d_px"]
    for sequence, rows in zip(result.sequences, (slice(0, 40), slice(40, 45)), strict=True):
        mesh = result.mesh(sequence, slice(0, len(sequence)))
        np.testing.assert_allclose(vertices_m[rows], mesh.vertices_m, atol=5e-5)
        np.testing.assert_allclose(joints2d_px[rows], mesh.joints2d_px, atol=1e-3)


def test_rows_are_sorted_by_person_and_frame(written: Path) -> None:
    with np.load(written) as arrays:
        rows = list(zip(arrays["track_id"], arrays["frame_index"], strict=True))
    assert rows == [(1, frame) for frame in range(40)] + [(3, frame) for frame in range(5, 10)]


def test_meta_is_json_that_names_the_model(written: Path) -> None:
    with np.load(written) as arrays:
        meta = json.loads(str(arrays["meta"]))
    assert (meta["model"], meta["trained"], meta["smoothing"]) == ("made-up", True, "off")
    assert len(meta["joint_names"]) == 14


def test_coarse_vertices_stay_raw_when_the_rest_is_smoothed(tmp_path: Path) -> None:
    sequence = dancer(1, range(20))
    noise = np.random.default_rng(0).normal(0, 0.01, sequence.coarse_m.shape)
    noisy = replace(sequence, coarse_m=sequence.coarse_m + noise.astype(np.float32))
    write_npz(reconstruction_of(noisy).smoothed("strong"), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_array_equal(arrays["coarse_m"], noisy.coarse_m)
        assert json.loads(str(arrays["meta"]))["smoothing"] == "strong"


def test_body_parameters_are_written_where_the_network_gives_them(tmp_path: Path) -> None:
    sequence = dancer(1, range(3))
    rotmat = np.tile(np.eye(3, dtype=np.float32), (3, 24, 1, 1))
    with_body = replace(sequence, rotmat=rotmat, betas=np.zeros((3, 10), np.float32))
    write_npz(reconstruction_of(with_body), tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as arrays:
        np.testing.assert_array_equal(arrays["rotmat"], rotmat)
        assert arrays["betas"].shape == (3, 10)


def test_nothing_is_left_of_a_result_that_could_not_be_computed(
    tmp_path: Path, result: Reconstruction
) -> None:
    def fail(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OutputError, match="free some space"):
        write_npz(result, tmp_path / "out.npz", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_stream_is_the_file_in_pieces_of_a_few_megabytes(
    written: Path, result: Reconstruction
) -> None:
    pieces = list(stream_npz(result))

    assert b"".join(pieces)[:8] == written.read_bytes()[:8]
    assert sum(map(len, pieces)) == written.stat().st_size
    assert max(map(len, pieces)) < 4 << 20


def test_a_stream_that_nobody_reads_on_ends_quietly(result: Reconstruction) -> None:
    pieces = stream_npz(result)
    next(pieces)

    pieces.close()
