"""NPZ: every array of the result, row by row, for NumPy and for anything that reads ZIP.

Made with the memory of a few rows, whatever their number, and as a stream: a member of the archive
is one array and comes in one go, so what falls off while vertices are computed waits in a file.
"""

import tempfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.lib import format as npy

from model.atomic import replacing
from model.export.meta import meta_to_json
from model.export.rows import Chunk, Progress, ignore, iterate_chunks, slices
from model.reconstruction import Reconstruction
from model.spool import forget
from model.types import FINE, Array, Sequence

_COPY_BYTES = 1 << 20
_PIECE_BYTES = 1 << 18  # at least, as each costs whoever sends it a turn

_SEEN: dict[str, Callable[[Chunk], Array]] = {
    "joints3d_m": lambda chunk: chunk.mesh.joints3d_m,
    "joints2d_px": lambda chunk: chunk.mesh.joints2d_px,
    "camera": lambda chunk: chunk.shown.camera,
    "crop_px": lambda chunk: chunk.shown.crop_px,
    "translation_m": lambda chunk: chunk.mesh.translation_m,
}
"""Arrays that fall off while the vertices are computed."""

_KEPT: dict[str, Callable[[Sequence], Array | None]] = {
    "track_id": lambda sequence: np.full(len(sequence), sequence.track_id, np.int32),
    "frame_index": lambda sequence: sequence.frame_index,
    "pts_s": lambda sequence: sequence.pts_s,
    "joint_tokens_m": lambda sequence: sequence.joint_tokens_m,
    "coarse_m": lambda sequence: sequence.coarse_m,
    "score": lambda sequence: sequence.score,
    "observed": lambda sequence: sequence.observed,
    "rotmat": lambda sequence: sequence.rotmat,
    "betas": lambda sequence: sequence.betas,
}
"""Arrays that are stored as they came; the last two only where the network gives them."""


def write_npz(reconstruction: Reconstruction, path: Path, progress: Progress = ignore) -> None:
    """Write the result in the layout of docs/formats.md.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
    """
    with (
        replacing(path) as temporary,
        temporary.open("wb") as file,
        closing(stream_npz(reconstruction, temporary.parent, progress)) as pieces,
    ):
        file.writelines(pieces)


def stream_npz(
    reconstruction: Reconstruction, folder: Path | None = None, progress: Progress = ignore
) -> Generator[bytes]:
    """Yield the same file piece by piece, of a few megabytes at most.

    Args:
        reconstruction: What to write.
        folder: Where arrays may wait, 320 bytes a row; the system's for temporary files unless
            given.
        progress: Told of rows.
    """
    outlet = _Outlet()
    with (
        zipfile.ZipFile(cast(IO[bytes], outlet), "w") as archive,
        closing(_write_all(archive, reconstruction, folder, progress)) as steps,  # before archive
    ):
        for _ in steps:
            if outlet.size_bytes >= _PIECE_BYTES:
                yield outlet.take()
    yield outlet.take()


class _Outlet:
    """Where an archive writes, and what it wrote is taken from; it cannot be sought in."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self.size_bytes = 0

    def write(self, data: bytes | memoryview) -> int:
        self._pieces.append(bytes(data))
        written = len(self._pieces[-1])
        self.size_bytes += written
        return written

    def flush(self) -> None:
        """Do nothing: all is there."""

    def take(self) -> bytes:
        """Return what was written since the last time."""
        pieces, self._pieces, self.size_bytes = self._pieces, [], 0
        return b"".join(pieces)


def _write_all(
    archive: zipfile.ZipFile,
    reconstruction: Reconstruction,
    folder: Path | None,
    progress: Progress,
) -> Generator[None]:
    """Write all arrays; stop after each piece."""
    yield from _write_seen(archive, reconstruction, folder, progress)
    for name, column in _KEPT.items():
        yield from _write_kept(archive, name, [column(part) for part in reconstruction.sequences])
    _write_array(archive, "intrinsics", reconstruction.intrinsics)
    _write_array(archive, "faces", reconstruction.body.faces)
    _write_array(archive, "meta", np.array(meta_to_json(reconstruction.meta)))


@contextmanager
def _temporary(folder: Path | None) -> Iterator[IO[bytes]]:
    """Lend a file that goes afterwards; what is buffered then needs no room on a full disk."""
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  closed below
    try:
        yield file
    finally:
        with suppress(OSError):
            file.close()


def _write_seen(
    archive: zipfile.ZipFile,
    reconstruction: Reconstruction,
    folder: Path | None,
    progress: Progress,
) -> Generator[None]:
    """Write the vertices as they are computed, then what fell off meanwhile."""
    total = reconstruction.rows
    with ExitStack() as stack:
        waiting = {name: stack.enter_context(_temporary(folder)) for name in _SEEN}
        shapes: dict[str, tuple[int, ...]] = {}
        with _member(archive, "vertices_m", np.dtype("<f4"), (total, FINE, 3)) as member:
            for chunk in iterate_chunks(reconstruction, progress):
                member.write(chunk.mesh.vertices_m.data)
                for name, column in _SEEN.items():
                    part = column(chunk)
                    shapes[name] = part.shape[1:]
                    waiting[name].write(np.ascontiguousarray(part).data)
                yield
        for name, file in waiting.items():
            with _member(archive, name, np.dtype("<f4"), (total, *shapes[name])) as member:
                file.seek(0)
                while data := file.read(_COPY_BYTES):
                    member.write(data)
                    yield


def _write_kept(archive: zipfile.ZipFile, name: str, parts: list[Array | None]) -> Generator[None]:
    """Write one array that the people have a part of each; nothing where the network gives none."""
    present = [part for part in parts if part is not None]
    if len(present) != len(parts):
        return
    shape = (sum(map(len, present)), *present[0].shape[1:])
    with _member(archive, name, present[0].dtype, shape) as member:
        for part in present:
            for rows in slices(len(part), 1024):
                member.write(np.ascontiguousarray(part[rows]).data)
                forget(part)
                yield


def _write_array(archive: zipfile.ZipFile, name: str, array: Array) -> None:
    with _member(archive, name, array.dtype, array.shape) as member:
        member.write(np.ascontiguousarray(array).tobytes())


@contextmanager
def _member(
    archive: zipfile.ZipFile, name: str, dtype: np.dtype[Any], shape: tuple[int, ...]
) -> Iterator[IO[bytes]]:
    """Open a member for the array's bytes in C order, its header written."""
    header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        npy.write_array_header_1_0(member, header)
        yield member
