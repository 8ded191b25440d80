"""One body alone on neutral ground, from any side: what an overlay cannot show is depth."""

import cv2
import numpy as np
from jaxtyping import Float32, Int32, UInt8

from model.camera import pinhole_intrinsics, project_perspective
from model.render import Solid, blend, render
from model.rotations import rotvec_to_rotmat
from model.shading import shade, vertex_normals
from model.types import Array

_SPAN_M = 2.3  # that the picture's height shows at the pelvis
_DISTANCE_M = 7.0
_PITCH = np.radians(9)  # the viewer looks down a little, so that there is ground
_ABOVE, _BELOW = 236, 214  # greys of the backdrop, top and bottom
_SHADOW = 0.45


def render_side(
    vertices_m: Float32[Array, "vertices 3"],
    faces: Int32[Array, "faces 3"],
    rgb: Float32[Array, "3"],
    *,
    azimuth_deg: float = 90.0,
    width: int = 360,
    height: int = 480,
) -> UInt8[Array, "height width 3"]:
    """Draw a body as somebody sees it who walks around it.

    The scale is always the same and the pelvis stays where it is, so pictures of a motion can be
    put side by side.

    Args:
        vertices_m: About the pelvis; x right, y down, z away.
        faces: Counter-clockwise seen from outside.
        rgb: Colour of the body, sRGB in [0, 1].
        azimuth_deg: Where from: 0 as the camera of the video sees it, 90 from that camera's right.
        width: Pixels.
        height: Pixels.
    """
    azimuth = np.radians(azimuth_deg)
    turn = rotvec_to_rotmat(np.array([0.0, azimuth, 0.0]))
    view = rotvec_to_rotmat(np.array([_PITCH, 0.0, 0.0])) @ turn
    on_ground_m = vertices_m.copy()
    on_ground_m[:, 1] = vertices_m[:, 1].max()
    shadow = _solid(on_ground_m @ view.T, faces, np.zeros_like(vertices_m), width, height)
    picture = _darken(_backdrop(width, height), shadow)
    seen_m = vertices_m @ view.T
    body = _solid(seen_m, faces, shade(vertex_normals(seen_m, faces), rgb), width, height)
    return blend(picture, render([body], width, height))


def _backdrop(width: int, height: int) -> UInt8[Array, "height width 3"]:
    ramp = np.linspace(_ABOVE, _BELOW, height).round().astype(np.uint8)
    return np.tile(ramp[:, None, None], (1, width, 3))


def _solid(
    points_m: Float32[Array, "vertices 3"],
    faces: Int32[Array, "faces 3"],
    colours: Float32[Array, "vertices 3"],
    width: int,
    height: int,
) -> Solid:
    """Project what is given in the viewer's axes, about the pelvis."""
    intrinsics = pinhole_intrinsics(width, height, height * _DISTANCE_M / _SPAN_M)
    placed_m = points_m + np.array([0, 0, _DISTANCE_M], np.float32)
    points_px = project_perspective(placed_m[None], intrinsics)[0]
    return Solid(points_px, 1 / placed_m[:, 2], colours, faces)


def _darken(
    picture: UInt8[Array, "height width 3"], shadow: Solid
) -> UInt8[Array, "height width 3"]:
    """Lay a soft shadow on the ground."""
    height, width = picture.shape[:2]
    coverage = np.zeros((height, width), np.uint8)
    for layer in render([shadow], width, height):
        rows, columns = layer.rgba.shape[:2]
        coverage[layer.y0 : layer.y0 + rows, layer.x0 : layer.x0 + columns] = layer.rgba[..., 3]
    soft = cv2.GaussianBlur(coverage, (0, 0), height / 60)
    kept = 1 - _SHADOW * soft[..., None] / np.float32(255)
    darkened: Array = (picture * kept).round().astype(np.uint8)
    return darkened
