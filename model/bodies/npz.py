"""Reading NPZ files that anybody may have written: bounded, and without pickle."""

import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np

from model.types import Array

MAX_ENTRY_BYTES = 64 * 2**20  # the largest array of a body, unpacked, is 8 MB


def read_entries(path: Path, names: tuple[str, ...] | None = None) -> dict[str, bytes]:
    """Return the unpacked `.npy` entries of an NPZ file by array name.

    Args:
        path: The archive.
        names: Entries to read where they are present; all of them if None.

    Raises:
        ValueError: It is no NPZ file, is damaged, or an entry unpacks to over 64 MB.
        OSError: It cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return {
                entry.filename.removesuffix(".npy"): _read_entry(archive, entry)
                for entry in archive.infolist()
                if names is None or entry.filename.removesuffix(".npy") in names
            }
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise ValueError(f"no readable NPZ archive ({error})") from error


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    # zipfile never unpacks more than the stated size, so checking what is stated is enough.
    if entry.file_size > MAX_ENTRY_BYTES:
        raise ValueError(f"'{entry.filename}' claims {entry.file_size} bytes unpacked")
    return archive.read(entry)


def parse_header(entry: bytes) -> tuple[tuple[int, ...], bool, np.dtype, bytes]:
    """Split a `.npy` entry into shape, Fortran order, dtype and the data that follow.

    Raises:
        ValueError: The header is none.
    """
    stream = io.BytesIO(entry)
    version = np.lib.format.read_magic(stream)
    if version != (1, 0):
        raise ValueError(f"npy format {version} instead of (1, 0)")
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
    return shape, fortran_order, dtype, entry[stream.tell() :]


def parse_array(entry: bytes) -> Array:
    """Return the array of a `.npy` entry; it is read-only and costs what its bytes cost.

    Raises:
        ValueError: The header is none, claims another size than there is, or holds objects.
    """
    shape, fortran_order, dtype, data = parse_header(entry)
    if dtype.hasobject:
        raise ValueError("holds pickled objects")
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"claims {dtype}{list(shape)} in {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran_order else "C")
