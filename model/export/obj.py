"""ZIP of OBJ: one text mesh per person and frame, for programs that read nothing else."""

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from model.atomic import replacing
from model.export.meta import meta_to_json
from model.export.rows import Progress, ignore, iterate_chunks
from model.reconstruction import Reconstruction
from model.types import Array

_README = """\
One OBJ file per person and frame: person_0001/frame_000000.obj and so on.

Metres, y up, z towards the camera, which stands at the origin: everybody in one scene. Vertices
keep their numbers from frame to frame. times.csv tells when each file is shown, meta.json how the
result was made and under which licence it may be used.
"""
_TO_Y_UP = np.array([1, -1, -1], np.float32)
_LEVEL = 1  # of compression; higher ones cost far more time than they save space


def write_obj(reconstruction: Reconstruction, path: Path, progress: Progress = ignore) -> None:
    """Write the meshes, smoothed as the reconstruction hands them out.

    Raises:
        OutputError: The file cannot be written; nothing is left of it then.
    """
    faces = _face_lines(reconstruction.body.faces)
    with (
        replacing(path) as temporary,
        zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as archive,
    ):
        archive.writestr("README.txt", _README)
        archive.writestr("meta.json", meta_to_json(reconstruction.meta))
        archive.writestr("times.csv", _times(reconstruction))
        for chunk in iterate_chunks(reconstruction, progress):
            placed_m = chunk.mesh.placed_m() * _TO_Y_UP
            for frame, vertices_m in zip(chunk.shown.frame_index, placed_m, strict=True):
                name = member_name(chunk.sequence.track_id, int(frame))
                archive.writestr(name, _vertex_lines(vertices_m) + faces)


def member_name(track_id: int, frame_index: int) -> str:
    """Return where in the archive a person's mesh of a frame lies."""
    return f"person_{track_id:04d}/frame_{frame_index:06d}.obj"


def _times(reconstruction: Reconstruction) -> str:
    """Return a table of all files; about 50 bytes each."""
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["file", "track_id", "frame_index", "pts_s"])
    for person in reconstruction.sequences:
        for frame, pts_s in zip(person.frame_index.tolist(), person.pts_s, strict=True):
            name = member_name(person.track_id, frame)
            table.writerow([name, person.track_id, frame, f"{pts_s:.6f}"])
    return text.getvalue()


def _vertex_lines(vertices_m: Float32[Array, "vertices 3"]) -> str:
    return "v %.5f %.5f %.5f\n" * len(vertices_m) % tuple(vertices_m.ravel().tolist())


def _face_lines(faces: Int32[Array, "faces 3"]) -> str:
    """OBJ counts vertices from 1."""
    return "f %d %d %d\n" * len(faces) % tuple((faces + 1).ravel().tolist())
