"""JSON: the whole result as text, a row per line, for programs without NumPy."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from jaxtyping import Float, Int32

from model.atomic import replacing
from model.export.meta import meta_to_json
from model.export.rows import Chunk, Progress, ignore, iterate_chunks
from model.export.size import check_size
from model.reconstruction import Reconstruction
from model.types import FINE, Array

_ROW_BYTES = FINE * 29 + 2000  # a vertex is [-0.12345,0.12345,0.12345] and a comma, more or less


def write_json(reconstruction: Reconstruction, path: Path, progress: Progress = ignore) -> None:
    """Write the result, smoothed as the reconstruction hands it out.

    Lengths are rounded to 0.01 mm, pixels to a hundredth.

    Raises:
        OutputError: `too_large_for_format`, decided before anything is written; or the file cannot
            be written, and nothing is left of it then.
    """
    pieces = stream_json(reconstruction, progress)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.writelines(pieces)


def stream_json(reconstruction: Reconstruction, progress: Progress = ignore) -> Iterator[str]:
    """Return the same text piece by piece, of a row at most.

    Raises:
        OutputError: `too_large_for_format`, here and not on iterating.
    """
    check_size(reconstruction.rows * _ROW_BYTES, "JSON")
    return _pieces(reconstruction, progress)


def _pieces(reconstruction: Reconstruction, progress: Progress) -> Iterator[str]:
    yield '{"meta":' + meta_to_json(reconstruction.meta)
    yield ',\n"intrinsics":' + json.dumps(reconstruction.intrinsics.tolist())
    yield ',\n"faces":[' + _triples(reconstruction.body.faces, "%d")
    yield '],\n"rows":['
    separator = "\n"
    for chunk in iterate_chunks(reconstruction, progress):
        for line in _lines(chunk):
            yield separator + line
            separator = ",\n"
    yield "\n]}\n"


def _lines(chunk: Chunk) -> Iterator[str]:
    """Turn rows into JSON objects; formatting numbers by template is what makes this fast."""
    shown, mesh = chunk.shown, chunk.mesh
    for row in range(len(shown)):
        head = {
            "track_id": chunk.sequence.track_id,
            "frame_index": int(shown.frame_index[row]),
            "pts_s": round(float(shown.pts_s[row]), 6),
            "score": round(float(shown.score[row]), 4),
            "observed": bool(shown.observed[row]),
            "crop_px": _rounded(shown.crop_px[row], 2),
            "camera": _rounded(shown.camera[row], 6),
            "translation_m": _rounded(mesh.translation_m[row], 5),
            "view_rotmat": _rounded(mesh.view_rotmat[row], 7),
            "joints2d_px": _rounded(mesh.joints2d_px[row], 2),
            "joints3d_m": _rounded(mesh.joints3d_m[row], 5),
        }
        vertices = _triples(mesh.vertices_m[row], "%.5f")
        yield json.dumps(head, separators=(",", ":"))[:-1] + f',"vertices_m":[{vertices}]}}'


def _rounded(array: Float[Array, "..."], decimals: int) -> list[object]:
    rounded: list[object] = array.astype(float).round(decimals).tolist()
    return rounded


def _triples(array: Float[Array, "n 3"] | Int32[Array, "n 3"], number: str) -> str:
    return _template(len(array), number) % tuple(array.ravel().tolist())


@cache
def _template(count: int, number: str) -> str:
    return ",".join([f"[{number},{number},{number}]"] * count)
