"""Meshes as messages: some rows of one person each, under 1 MB."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float32

from model.reconstruction import Mesh
from model.types import Array, Sequence
from service.pb.remocap.v1 import reconstruction_pb2 as pb

_MOST = np.iinfo(np.int16).max
_ROWS = {pb.LEVEL_COARSE: 32}  # 165 KB
_FINE_ROWS = 8  # 660 KB; and 2 MB while they are computed


def rows_of_message(options: pb.MeshOptions) -> int:
    """Return how many rows a message holds at most."""
    return _ROWS.get(options.level, _FINE_ROWS)


def cut(rows: int, options: pb.MeshOptions) -> Iterator[slice]:
    """Cut a clip's rows into those of one message each."""
    step = rows_of_message(options)
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def meshes_message(
    shown: Sequence,
    mesh: Mesh,
    intrinsics: Float32[Array, "3 3"],
    options: pb.MeshOptions,
) -> pb.Meshes:
    """Write rows of one person, either all of them observed or none, as a message.

    Args:
        shown: The rows.
        mesh: Their meshes.
        intrinsics: Of the camera that saw the whole image.
        options: Level and encoding.
    """
    is_coarse = options.level == pb.LEVEL_COARSE
    vertices, step_m = encode(shown.coarse_m if is_coarse else mesh.vertices_m, options.encoding)
    return pb.Meshes(
        track_id=shown.track_id,
        frame_index=shown.frame_index.tolist(),
        pts_s=shown.pts_s.tolist(),
        level=pb.LEVEL_COARSE if is_coarse else pb.LEVEL_FINE,
        vertices=vertices,
        step_m=step_m,
        pelvis_m=_flat(mesh.pelvis_m),
        joints3d_m=_flat(mesh.joints3d_m),
        joints2d_px=_flat(mesh.joints2d_px),
        camera=_flat(shown.camera),
        crop_px=_flat(shown.crop_px),
        translation_m=_flat(mesh.translation_m),
        score=_flat(shown.score),
        intrinsics=_flat(intrinsics),
        interpolated=not shown.observed[0],
        rotmat=None if shown.rotmat is None else _flat(shown.rotmat),
        betas=None if shown.betas is None else _flat(shown.betas),
    )


def encode(vertices_m: Float32[Array, "n v 3"], encoding: int) -> tuple[bytes, float]:
    """Return vertices as bytes, and the metres of a step; 0 where they are float32.

    The largest coordinate is 32767 steps, so that a step of a person is about 0.03 mm.
    """
    if encoding != pb.ENCODING_INT16:
        return vertices_m.astype("<f4", copy=False).tobytes(), 0.0
    step_m = np.float32(max(float(np.abs(vertices_m).max(initial=0)), 1e-3) / _MOST)
    steps = np.clip(np.rint(vertices_m / step_m), -_MOST, _MOST)
    return steps.astype("<i2").tobytes(), float(step_m)


def decode(message: pb.Meshes) -> Float32[Array, "n v 3"]:
    """Return the vertices of a message in metres; the other direction of `encode`."""
    kind = "<i2" if message.step_m else "<f4"
    vertices = np.frombuffer(message.vertices, kind).reshape(len(message.frame_index), -1, 3)
    return vertices * np.float32(message.step_m) if message.step_m else vertices


def _flat(values: Array) -> list[float]:
    found: list[float] = values.ravel().tolist()
    return found
