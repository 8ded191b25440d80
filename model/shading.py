"""Light and colour of bodies: normals, two lights, a palette. Knows no camera and no pixels."""

import numpy as np
from jaxtyping import Float32, Int32

from model.types import Array

PALETTE = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
)
"""Seven sRGB colours that people with any colour vision tell apart (Okabe and Ito 2008)."""

_TO_KEY = np.array([-0.48, -0.62, -0.62], dtype=np.float32)  # from above the viewer's left shoulder
_KEY, _AMBIENT, _SKY = 0.92, 0.16, 0.12
_WRAP = 0.25  # lets the key light reach around the form, so that the shadow's edge is soft
_RIM = 0.5  # how much a surface seen edge-on darkens


def person_rgb(track_id: int) -> Float32[Array, "3"]:
    """Give the colour of a person, sRGB in [0, 1]; it repeats after seven people."""
    return np.array(PALETTE[(track_id - 1) % len(PALETTE)], dtype=np.float32) / 255


def vertex_normals(
    vertices_m: Float32[Array, "vertices 3"], faces: Int32[Array, "faces 3"]
) -> Float32[Array, "vertices 3"]:
    """Average the normals of the faces around each vertex, weighted by their areas.

    Returns:
        Unit vectors, outwards where faces run counter-clockwise seen from outside; zero for a
        vertex without area.
    """
    corners = vertices_m[faces]  # [F,3,3]
    areas = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    owner = faces.T.ravel()  # [3F]
    summed = np.stack(
        [
            np.bincount(owner, np.tile(areas[:, axis], 3), minlength=len(vertices_m))
            for axis in range(3)
        ],
        axis=1,
    )
    length = np.linalg.norm(summed, axis=1, keepdims=True)
    normals: Array = (summed / np.maximum(length, 1e-20)).astype(np.float32)
    return normals


def shade(
    normals: Float32[Array, "vertices 3"], rgb: Float32[Array, "3"]
) -> Float32[Array, "vertices 3"]:
    """Light a matt surface of one colour.

    A wrapped key light, light from the sky and a little darkening towards the outline, summed as
    linear light and encoded as sRGB at the end.

    Args:
        normals: In the viewer's frame: x right, y down, z away.
        rgb: Colour of the surface, sRGB in [0, 1].

    Returns:
        sRGB in [0, 1].
    """
    to_key = _TO_KEY / np.linalg.norm(_TO_KEY)
    key = np.clip((normals @ to_key + _WRAP) / (1 + _WRAP), 0, 1)
    light = _AMBIENT - _SKY * normals[:, 1] + _KEY * key
    facing = np.clip(-normals[:, 2], 0, 1)
    light = light * (1 - _RIM * (1 - facing) ** 2)
    return linear_to_srgb(np.outer(light, srgb_to_linear(rgb)).astype(np.float32))


def srgb_to_linear(srgb: Float32[Array, "*shape"]) -> Float32[Array, "*shape"]:
    """Decode sRGB values in [0, 1] to linear light (IEC 61966-2-1)."""
    bright = ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4
    return np.where(srgb <= 0.04045, srgb / 12.92, bright).astype(np.float32)


def linear_to_srgb(linear: Float32[Array, "*shape"]) -> Float32[Array, "*shape"]:
    """Encode linear light as sRGB in [0, 1]; what is brighter than white becomes white."""
    linear = np.clip(linear, 0, 1)
    bright = 1.055 * np.maximum(linear, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright).astype(np.float32)
