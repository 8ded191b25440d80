"""Garments that are meshes of their own, where the user has some: suits, shoes, hair, hats."""

from dataclasses import dataclass, replace
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from jaxtyping import Bool, Float32, Int32

from model.bodies.npz import read_npz
from model.bodies.skinning import Skinning, load_anny
from model.errors import InputError
from model.types import Array


@dataclass(frozen=True, eq=False)
class Garment:
    """One mesh, fitted to the mean body at rest, that moves and changes shape with the body.

    Attributes:
        name: As in the file; decides by `held_out` which side of the split it is on.
        kind: `suit`, `shoes`, `hair` or `hat`.
        skinning: On the body's skeleton.
        faces: Its triangles.
        hides: Which vertices of the full body it covers.
    """

    name: str
    kind: str
    skinning: Skinning
    faces: Int32[Array, "faces 3"]
    hides: Bool[Array, "12272"]


def read_garments(path: Path) -> list[Garment]:
    """Read garments, sorted by name.

    Args:
        path: NPZ with, for each garment, `<name>/v` [n,3], `/w` [n,24], `/f` [m,3] and `/hide`
            [12272]: vertices on the mean body at rest, weights, faces, covered vertices. Names with
            `suit`, `shoes` or `fedora` are suits, shoes and hats, all others hair.

    Raises:
        InputError: `bad_garments`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = read_npz(path, file.files)
        names = sorted({name.partition("/")[0] for name in arrays})
        return [_garment(name, arrays) for name in names]
    except (OSError, ValueError, KeyError, BadZipFile) as error:
        raise InputError(
            "bad_garments", f"{path}: {error}; expected v, w, f and hide of each garment"
        ) from error


def _garment(name: str, arrays: dict[str, Array]) -> Garment:
    body = load_anny()
    vertices_m, weights, faces, hides = (arrays[f"{name}/{key}"] for key in ("v", "w", "f", "hide"))
    count, full = len(vertices_m), len(body.skinning.vertices_m)
    shapes = vertices_m.shape, weights.shape, faces.shape[1:], hides.shape
    if shapes != ((count, 3), (count, 24), (3,), (full,)):
        raise ValueError(f"the arrays of '{name}' do not fit each other: {shapes}")
    if not (faces.min() >= 0 and faces.max() < count):
        raise ValueError(f"'{name}' has faces with vertices outside 0 to {count - 1}")
    skinning = replace(
        body.skinning,
        vertices_m=vertices_m.astype(np.float32),
        shape_directions_m=_follow_shape(body.skinning, vertices_m.astype(np.float32)),
        weights=weights.astype(np.float32),
    )
    return Garment(name, _kind(name), skinning, faces.astype(np.int32), hides.astype(bool))


def _follow_shape(body: Skinning, vertices_m: Float32[Array, "n 3"]) -> Float32[Array, "n 3 10"]:
    """Let vertices change with the shape as the four nearest of the body do, the nearest most."""
    squares = (body.vertices_m**2).sum(axis=1) - 2 * vertices_m @ body.vertices_m.T  # [n,12272]
    squares += (vertices_m**2).sum(axis=1, keepdims=True)
    nearest = np.argpartition(squares, 4, axis=1)[:, :4]
    away = np.take_along_axis(squares, nearest, axis=1)
    share = 1 / np.maximum(away, 1e-6)
    share /= share.sum(axis=1, keepdims=True)
    followed: Array = np.einsum("nk,nkcs->ncs", share, body.shape_directions_m[nearest])
    return followed


def _kind(name: str) -> str:
    words = {"suit": "suit", "shoes": "shoes", "fedora": "hat"}
    return next((kind for word, kind in words.items() if word in name), "hair")
