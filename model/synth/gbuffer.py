"""What a camera sees of a mesh, pixel by pixel, before any light or colour: a G-buffer.

Everything that geometry decides is kept (which part, its normal, its place on the resting body, its
depth), so that one rasterisation can be lit and dressed in colours many times.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt8

from model.shading import vertex_normals
from model.types import Array

BACKGROUND = 0  # the part of pixels that show nobody
_ID_STEP = 2.0**-20  # keeps face numbers in [0, 1], and exact in single precision
_NEAR_M, _FAR_M = 0.05, 1000.0


@dataclass(frozen=True, eq=False)
class Surface:
    """Triangles with what a G-buffer shall know of them.

    Attributes:
        vertices_m: In the camera frame.
        rest_m: The same vertices on the mean body at rest, in the body frame; what paint goes by.
        faces: Either winding; normals are turned towards the camera.
        parts: Of each face, from 1.
    """

    vertices_m: Float32[Array, "vertices 3"]
    rest_m: Float32[Array, "vertices 3"]
    faces: Int32[Array, "faces 3"]
    parts: UInt8[Array, "faces"]


class GBuffer(NamedTuple):
    """One value per pixel; zero where `part` is `BACKGROUND`.

    Attributes:
        part: Which part of the person is seen.
        normal: Of unit length, in the camera frame, facing the camera.
        rest_m: Place on the mean body at rest.
        depth_m: Along the camera's z axis.
    """

    part: UInt8[Array, "height width"]
    normal: Float32[Array, "height width 3"]
    rest_m: Float32[Array, "height width 3"]
    depth_m: Float32[Array, "height width"]


class Fragments(NamedTuple):
    """The triangle that is seen at each covered pixel.

    Attributes:
        pixels: Flat indices of the covered pixels, row by row.
        face: The nearest face there.
        weights: Of its three vertices, right under perspective; they sum to one.
        depth: As given for the vertices.
    """

    pixels: Int32[Array, "covered"]
    face: Int32[Array, "covered"]
    weights: Float32[Array, "covered 3"]
    depth: Float32[Array, "covered"]


def rasterise(
    points_px: Float32[Array, "vertices 2"],
    depth: Float32[Array, "vertices"],
    faces: Int32[Array, "faces 3"],
    width: int,
    height: int,
) -> Fragments:
    """Find the nearest triangle at the centre of every pixel.

    Args:
        points_px: Projected vertices.
        depth: Their distance along the optical axis, positive, its inverse linear in the image.
        faces: Both sides are seen.
        width: Pixels.
        height: Pixels.
    """
    seen = np.zeros((height, width, 3), np.float32)
    nearest = np.full((height, width), _FAR_M, np.float32)
    centred = (points_px - (width / 2, height / 2)) / (height / 2)
    eye = np.column_stack([centred * depth[:, None], depth]) * (1, -1, -1)
    corners = eye.astype(np.float32)[faces].reshape(-1, 3)  # no vertex is shared, so that
    marks = np.zeros((len(faces), 3, 3), np.float32)  # "colours" can carry weights and number
    marks[:, 0, 0] = marks[:, 1, 1] = 1
    marks[:, :, 2] = _ID_STEP * np.arange(1, len(faces) + 1)[:, None]
    if len(faces):
        order, view = np.arange(len(corners), dtype=np.int32).reshape(-1, 3), np.eye(4)
        lens = (view.astype(np.float32), np.pi / 2, _NEAR_M, _FAR_M, _BOTH_SIDES)
        cv2.triangleRasterize(corners, order, marks.reshape(-1, 3), seen, nearest, *lens)
    pixels = np.flatnonzero(seen[..., 2])
    first, second, number = seen.reshape(-1, 3)[pixels].T
    weights = np.column_stack([first, second, 1 - first - second])
    face = np.rint(number / _ID_STEP).astype(np.int32) - 1
    return Fragments(pixels.astype(np.int32), face, weights, nearest.ravel()[pixels])


def bake(surface: Surface, intrinsics: Float32[Array, "3 3"], width: int, height: int) -> GBuffer:
    """Look at a surface through a pinhole camera.

    Triangles with a corner behind the camera are left out.
    """
    homogeneous = surface.vertices_m @ intrinsics.T
    depth = homogeneous[:, 2]
    before = (depth[surface.faces] > _NEAR_M).all(axis=1)
    faces, parts = surface.faces[before], surface.parts[before]
    points_px = homogeneous[:, :2] / np.maximum(depth, _NEAR_M)[:, None]
    fragments = rasterise(points_px, depth, faces, width, height)
    corners = faces[fragments.face]  # [covered,3]
    normals = vertex_normals(surface.vertices_m, surface.faces)
    normal = np.einsum("pk,pkc->pc", fragments.weights, normals[corners])
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-9)
    rays = np.column_stack([fragments.pixels % width, fragments.pixels // width]) + 0.5
    rays = np.column_stack([(rays - intrinsics[:2, 2]) / intrinsics[0, 0], np.ones(len(rays))])
    away = np.einsum("pc,pc->p", normal, rays) > 0
    normal[away] *= -1
    return GBuffer(
        _scatter(parts[fragments.face], fragments, width, height),
        _scatter(normal.astype(np.float32), fragments, width, height),
        _scatter(
            np.einsum("pk,pkc->pc", fragments.weights, surface.rest_m[corners]),
            fragments,
            width,
            height,
        ),
        _scatter(fragments.depth, fragments, width, height),
    )


def _scatter(values: Array, fragments: Fragments, width: int, height: int) -> Array:
    image = np.zeros((height * width, *values.shape[1:]), values.dtype)
    image[fragments.pixels] = values
    return image.reshape(height, width, *values.shape[1:])


def _settings() -> cv2.TriangleRasterizeSettings:
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
    return settings


_BOTH_SIDES = _settings()
