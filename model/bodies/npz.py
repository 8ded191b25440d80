"""Reading NPY and NPZ files that anybody may have written: bounded, and without pickle."""

import io
import math
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from model.types import Array

MAX_BYTES = 64 * 2**20  # of an array, unpacked; the largest of a body has 8 MB


def read_npz(path: Path, names: Iterable[str]) -> dict[str, Array]:
    """Return those of the named arrays that an NPZ file holds.

    Raises:
        ValueError: As `read_entries` and `parse_array`, naming the array.
        OSError: It cannot be read.
    """
    arrays = {}
    for name, entry in read_entries(path, names).items():
        try:
            arrays[name] = parse_array(entry)
        except ValueError as error:
            raise ValueError(f"array '{name}' {error}") from error
    return arrays


def read_entries(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return the unpacked `.npy` entries of an NPZ file, by array name, that are present.

    Raises:
        ValueError: It is no ZIP archive, is damaged, or an entry unpacks to over 64 MB.
        OSError: It cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            present = set(archive.namelist())
            wanted = [name for name in names if f"{name}.npy" in present]
            return {name: _read_entry(archive, f"{name}.npy") for name in wanted}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"is no readable NPZ archive ({error})") from error


def _read_entry(archive: zipfile.ZipFile, entry: str) -> bytes:
    # zipfile never unpacks more than the stated size, so checking what is stated is enough.
    size = archive.getinfo(entry).file_size
    if size > MAX_BYTES:
        raise ValueError(f"holds '{entry}' of {size} bytes unpacked, over {MAX_BYTES}")
    return archive.read(entry)


def read_npy(path: Path) -> Array:
    """Return the array of an NPY file.

    Raises:
        ValueError: As `parse_array`, or it is larger than 64 MB.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES} bytes")
    return parse_array(content)


def parse_array(entry: bytes) -> Array:
    """Return the array that an NPY file's bytes hold; it is read-only and takes no more memory.

    Raises:
        ValueError: The header is none, claims another size than there is, or speaks of objects.
    """
    shape, fortran_order, dtype, data = parse_header(entry)
    if dtype.hasobject:
        raise ValueError("holds pickled objects")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"claims {dtype}{list(shape)} in {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")


def parse_header(entry: bytes) -> tuple[tuple[int, ...], bool, np.dtype, bytes]:
    """Split an NPY file's bytes into shape, Fortran order, dtype and the data that follow.

    Raises:
        ValueError: The header is none.
    """
    stream = io.BytesIO(entry)
    try:
        version = np.lib.format.read_magic(stream)
        if version != (1, 0):
            raise ValueError(f"NPY version {version}")
        shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    # NumPy reads the header as Python source, which fails in ways that it does not gather.
    except Exception as error:
        reason = str(error).split("\n")[0]
        raise ValueError(f"has no readable header ({reason})") from error
    return shape, fortran_order, dtype, entry[stream.tell() :]
