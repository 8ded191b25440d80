"""Imports SMPL's topology from the files that a user of the published checkpoint has.

The files, `mesh_downsampling.npz` and `J_regressor_h36m_correct.npy`, are published with FastMETRO
and PointHMR. They derive from SMPL and are under its licence (non-commercial research), so they
never come with this program: whoever has them imports them once, into a pickle-free body file.
SMPL's own model file is not needed.
"""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int32

from model.bodies.body import Body, Interpolation
from model.bodies.body_file import body_path, write_body
from model.bodies.npz import parse_header, read_entries, read_npy
from model.bodies.pickled import MALFORMED, PickledArray, PickledMatrix, load_inert
from model.errors import InputError
from model.types import COARSE, FINE, INTERMEDIATE, Array

LICENCE = (
    "SMPL body topology and joint regressor: SMPL-Model licence, non-commercial scientific "
    "research only, https://smpl.is.tue.mpg.de/modellicense.html"
)


def import_smpl(mesh_downsampling_path: Path, joint_regressor_path: Path, models_dir: Path) -> Path:
    """Turn the two published files into the body `smpl`; return the file written.

    Args:
        mesh_downsampling_path: `mesh_downsampling.npz`: levels, faces and adjacency, as pickled
            SciPy matrices. The entry `M`, which only its authors' package reads, is not touched.
        joint_regressor_path: `J_regressor_h36m_correct.npy`.
        models_dir: The body goes to its folder `bodies`, under its name only when whole.

    Raises:
        InputError: `bad_mesh_file` or `bad_joint_regressor`, naming what is wrong in which file.
        OutputError: `unwritable_output` or `disk_full`.
    """
    joint_regressor = _read_joint_regressor(joint_regressor_path)
    try:
        body = _read_levels(mesh_downsampling_path, joint_regressor)
    except (OSError, *MALFORMED) as error:
        raise InputError(
            "bad_mesh_file",
            f"{mesh_downsampling_path} {_reason(error)}; expected the mesh_downsampling.npz "
            "that FastMETRO and PointHMR publish",
        ) from error
    path = body_path(body.name, models_dir)
    write_body(body, path)
    return path


def _read_joint_regressor(path: Path) -> Float32[Array, "17 6890"]:
    try:
        regressor = read_npy(path)
        if regressor.shape != (17, FINE) or regressor.dtype.kind != "f":
            raise ValueError(f"holds {regressor.dtype}{list(regressor.shape)}")
        # Joints are weighted means; a NaN fails this as well.
        if not (np.abs(regressor.sum(axis=1) - 1) < 0.01).all():
            raise ValueError("holds rows that do not sum to one")
    except (OSError, ValueError) as error:
        raise InputError(
            "bad_joint_regressor",
            f"{path} {_reason(error)}; expected J_regressor_h36m_correct.npy, float[17, {FINE}]",
        ) from error
    return regressor.astype(np.float32)


def _read_levels(path: Path, joint_regressor: Float32[Array, "17 6890"]) -> Body:
    entries = read_entries(path, ("A", "U", "D", "F"))
    adjacency, up, down, faces = (_read_list(entries, name) for name in ("A", "U", "D", "F"))
    return Body(
        name="smpl",
        licence=LICENCE,
        faces=_faces(faces[0], FINE),
        intermediate_faces=_faces(faces[1], INTERMEDIATE),
        coarse_adjacency=_adjacency(adjacency[2]),
        fine_to_intermediate=_selection(down[0], (INTERMEDIATE, FINE)),
        intermediate_to_coarse=_selection(down[1], (COARSE, INTERMEDIATE)),
        intermediate_to_fine=_interpolation(up[0]),
        joint_regressor=joint_regressor,
    )


def _read_list(entries: dict[str, bytes], name: str) -> list[Any]:
    if name not in entries:
        raise ValueError(f"has no array '{name}'")
    _, _, dtype, pickled = parse_header(entries[name])
    if not dtype.hasobject:
        raise ValueError(f"has an array '{name}' of {dtype}, expected pickled objects")
    return load_inert(pickled).to_list()


def _faces(array: PickledArray, vertices: int) -> Int32[Array, "faces 3"]:
    faces = array.to_array()
    # A closed surface without holes has 2 V - 4 triangles.
    if faces.shape != (2 * vertices - 4, 3) or faces.min() < 0 or faces.max() >= vertices:
        raise ValueError(f"has faces {list(faces.shape)} that do not fit {vertices} vertices")
    return faces.astype(np.int32)


def _adjacency(matrix: PickledMatrix) -> Bool[Array, "431 431"]:
    entries = matrix.to_entries((COARSE, COARSE))
    adjacent = np.eye(COARSE, dtype=bool)
    adjacent[entries.rows, entries.columns] = True
    return adjacent


def _selection(matrix: PickledMatrix, shape: tuple[int, int]) -> Int32[Array, "coarser"]:
    entries = matrix.to_entries(shape)
    if not np.array_equal(entries.rows, np.arange(shape[0])) or not (entries.values == 1).all():
        raise ValueError(f"has a down-sampling {shape} that is no selection of vertices")
    return entries.columns.astype(np.int32)


def _interpolation(matrix: PickledMatrix) -> Interpolation:
    entries = matrix.to_entries((FINE, INTERMEDIATE))
    if not np.array_equal(entries.rows, np.repeat(np.arange(FINE), 3)):
        raise ValueError("has an up-sampling without exactly three entries in every row")
    return Interpolation(
        entries.columns.reshape(FINE, 3).astype(np.int32),
        entries.values.reshape(FINE, 3).astype(np.float32),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({error.strerror})"
    return str(error) if isinstance(error, ValueError) else "holds other things than expected"
