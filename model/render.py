"""A rasteriser without a display: solids in pixels go in, antialiased RGBA layers come out.

It knows no cameras. Who draws projects first, and hands over for every vertex its place in the
image and its `nearness`, any value that grows towards the viewer and is linear across the image:
1 / z under a perspective camera, -z under an orthographic or weak-perspective one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt8

from model.types import Array

_SAMPLES = 2  # per pixel and axis
_NEAR, _FAR = 1.0, 2.0  # depths that stand for the nearest and the farthest vertex
_EMPTY = 3.0  # depth where nothing is; OpenCV asks that it be the end of its range


@dataclass(frozen=True, eq=False)
class Solid:
    """One closed surface, projected and lit.

    Attributes:
        points_px: Where the vertices are in the image.
        nearness: Order in depth, see above; comparable between the solids of one picture.
        rgb: Colours of the vertices, sRGB in [0, 1].
        faces: Counter-clockwise seen from outside. The far side is not drawn.
    """

    points_px: Float32[Array, "vertices 2"]
    nearness: Float32[Array, "vertices"]
    rgb: Float32[Array, "vertices 3"]
    faces: Int32[Array, "faces 3"]


@dataclass(frozen=True, eq=False)
class Layer:
    """A rectangle of the image with something drawn in it.

    Attributes:
        x0: Its first column in the image.
        y0: Its first row.
        rgba: Colour multiplied by coverage, and coverage: the share of the pixel that is hidden.
    """

    x0: int
    y0: int
    rgba: UInt8[Array, "height width 4"]


class _Box(NamedTuple):
    """Whole pixels, ends exclusive."""

    x0: int
    y0: int
    x1: int
    y1: int

    def overlaps(self, other: "_Box") -> bool:
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )

    def union(self, other: "_Box") -> "_Box":
        starts = min(self.x0, other.x0), min(self.y0, other.y0)
        return _Box(*starts, max(self.x1, other.x1), max(self.y1, other.y1))


def render(solids: Iterable[Solid], width: int, height: int) -> list[Layer]:
    """Draw solids, each hiding what lies behind it.

    Solids whose boxes overlap share a layer and a depth buffer. Only boxes are supersampled (2x2,
    area-averaged), so a small person costs little in a large picture.

    Args:
        solids: In any order. Vertices may lie outside the image or be NaN; triangles with a NaN
            are left out.
        width: Pixels of the image.
        height: Pixels of the image.

    Returns:
        Layers that do not overlap; solids out of view are in none.
    """
    groups: list[tuple[_Box, list[Solid]]] = []
    for solid in solids:
        box = _box_of(solid.points_px, width, height)
        if box is None:
            continue
        members = [solid]
        while hits := [group for group in groups if group[0].overlaps(box)]:
            groups.remove(hits[0])
            box, members = box.union(hits[0][0]), hits[0][1] + members
        groups.append((box, members))
    return [_draw(box, members) for box, members in groups]


def blend(
    image: UInt8[Array, "height width 3"], layers: Iterable[Layer], opacity: float = 1.0
) -> UInt8[Array, "height width 3"]:
    """Lay `layers` over a copy of `image`; opacity 1 hides what is below."""
    result = image.copy()
    for layer in layers:
        rows, columns = layer.rgba.shape[:2]
        under = result[layer.y0 : layer.y0 + rows, layer.x0 : layer.x0 + columns]
        share = cv2.convertScaleAbs(
            cv2.cvtColor(layer.rgba[..., 3], cv2.COLOR_GRAY2RGB), alpha=opacity
        )
        kept = cv2.multiply(under, 255 - share, scale=1 / 255)
        under[:] = cv2.addWeighted(layer.rgba[..., :3], opacity, kept, 1, 0)
    return result


def _box_of(points_px: Float32[Array, "vertices 2"], width: int, height: int) -> _Box | None:
    """Whole pixels that the points touch inside the image."""
    finite = points_px[np.isfinite(points_px).all(axis=1)]
    if len(finite) == 0:
        return None
    x0, y0 = np.clip(np.floor(finite.min(axis=0)), 0, (width, height)).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(finite.max(axis=0)), 0, (width, height)).astype(int).tolist()
    return _Box(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _draw(box: _Box, solids: Sequence[Solid]) -> Layer:
    width, height = (box.x1 - box.x0), (box.y1 - box.y0)
    rgb = np.zeros((height * _SAMPLES, width * _SAMPLES, 3), dtype=np.float32)
    depth = np.full(rgb.shape[:2], _EMPTY, dtype=np.float32)
    depths = _nearness_to_depths([solid.nearness for solid in solids])
    for solid, vertex_depth in zip(solids, depths, strict=True):
        points = (solid.points_px - (box.x0, box.y0)) * _SAMPLES
        _rasterise(points.astype(np.float32), vertex_depth, solid, rgb, depth)
    covered = np.multiply((depth < (_FAR + _EMPTY) / 2).view(np.uint8), np.uint8(255))
    colour = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_AREA)
    coverage = cv2.resize(covered, (width, height), interpolation=cv2.INTER_AREA)
    rgba = cv2.merge([*cv2.split(cv2.convertScaleAbs(colour, alpha=255)), coverage])
    return Layer(box.x0, box.y0, rgba)


def _nearness_to_depths(nearness: Sequence[Float32[Array, "_"]]) -> list[Float32[Array, "_"]]:
    """Give every vertex a depth whose inverse is linear in its nearness.

    The rasteriser interpolates inverse depth across the image, as perspective asks for. Nearness
    is linear across the image by its definition, so with this depth surfaces meet where they
    should under any camera.
    """
    finite = np.concatenate([values[np.isfinite(values)] for values in nearness])
    lowest, highest = float(finite.min()), float(finite.max())
    scale = (1 / _NEAR - 1 / _FAR) / max(highest - lowest, 1e-9)
    return [
        (1 / (1 / _FAR + (values.astype(np.float64) - lowest) * scale)).astype(np.float32)
        for values in nearness
    ]


def _rasterise(
    points: Float32[Array, "vertices 2"],
    depth: Float32[Array, "vertices"],
    solid: Solid,
    rgb: Float32[Array, "rows columns 3"],
    depth_buffer: Float32[Array, "rows columns"],
) -> None:
    """Draw one solid into both buffers, `points` in their pixels.

    OpenCV's rasteriser takes points in space, y up, seen from the origin along -z. Each vertex is
    placed on the ray of its pixel at the depth asked for; with 90 degrees of view the half height
    of the image lies at 45 degrees.
    """
    height, width = depth_buffer.shape
    centre = np.array([width, height], dtype=np.float32) / 2
    rays = (points - centre) * np.array([2 / height, -2 / height], dtype=np.float32)
    space = np.column_stack([rays * depth[:, None], -depth])  # [V,3]
    settings = cv2.TriangleRasterizeSettings()
    settings.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
    settings.setCullingMode(cv2.RASTERIZE_CULLING_CW)
    cv2.triangleRasterize(
        space,
        _faces_within(points, solid.faces, width, height),
        solid.rgb,
        rgb,
        depth_buffer,
        np.eye(4, dtype=np.float32),
        np.pi / 2,
        0.5 * _NEAR,
        _EMPTY,
        settings,
    )


def _faces_within(
    points: Float32[Array, "vertices 2"], faces: Int32[Array, "faces 3"], width: int, height: int
) -> Int32[Array, "kept 3"]:
    """Leave out faces that lie outside the image, or have a vertex that is not finite."""
    if points.min() >= 0 and (points.max(axis=0) <= (width, height)).all():
        return faces
    corners = points[faces]  # [F,3,2]
    inside = (corners.min(axis=1) <= (width, height)) & (corners.max(axis=1) >= 0)
    kept: Array = faces[inside.all(axis=1) & np.isfinite(corners).all(axis=(1, 2))]
    return kept
