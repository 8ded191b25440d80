"""NPY and NPZ files are read within bounds."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from model.bodies.npz import parse_array, read_npy, read_npz
from model.types import Array


def npy(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_is_read_in_its_order(order: str) -> None:
    array = np.asarray(np.arange(12.0).reshape(3, 4), order=order)  # type: ignore[call-overload]

    np.testing.assert_array_equal(parse_array(npy(array)), array)


def lying_header(header: dict[str, object]) -> bytes:
    """Return an entry of 80 bytes that says it is as the header says."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue() + bytes(80)


@pytest.mark.parametrize("shape", [(10**12,), (-10,), (-2, -5), (9,)])
def test_a_header_that_claims_another_size_costs_nothing(shape: tuple[int, ...]) -> None:
    entry = lying_header({"descr": "<f8", "fortran_order": False, "shape": shape})

    with pytest.raises(ValueError, match="in 80 bytes"):
        parse_array(entry)


@pytest.mark.parametrize("text", [b"", b"(" * 9000, b"{'descr': {}}", b"\xff", b"[" * 300 + b"\n"])
def test_a_header_that_is_none_is_a_value_error(text: bytes) -> None:
    entry = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text

    with pytest.raises(ValueError, match="header"):
        parse_array(entry)


def test_an_entry_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.npy", npy(np.ones(3)))
        archive.writestr("odd.npy", b"nothing")

    assert list(read_npz(path, ("good", "absent"))) == ["good"]
    with pytest.raises(ValueError, match="array 'odd'"):
        read_npz(path, ("good", "odd"))


def test_a_damaged_archive_is_no_archive(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "file.npz", a=np.random.default_rng(0).normal(size=999))
    content = bytearray((tmp_path / "file.npz").read_bytes())
    content[200] ^= 0xFF
    (tmp_path / "file.npz").write_bytes(content)

    with pytest.raises(ValueError, match="NPZ"):
        read_npz(tmp_path / "file.npz", ("a",))


def test_a_file_without_an_end_is_too_large() -> None:
    with pytest.raises(ValueError, match="larger than"):
        read_npy(Path("/dev/zero"))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "file.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", bytes(100 * 2**20))

    with pytest.raises(ValueError, match="bytes unpacked"):
        read_npz(path, ("a",))
    assert path.stat().st_size < 2**20
