"""A room to walk in, drawn by formula: planks, a rug, a wall with two pictures.

World frame: x to the right, y up, z towards the viewer, metres; the floor is y = 0. Colours are
linear.
"""

import numpy as np
from jaxtyping import Float32

from model.shading import srgb_to_linear
from model.types import Array

_WALL_Z_M = -1.7
_PLANK_M = (1.3, 0.14)
_RUG_XZ_M, _RUG_RADIUS_M = np.array([0.1, 0.35], np.float32), 1.2
_SKIRTING_M = 0.11
_PICTURE_M = (0.62, 0.82)
# Left and lower edge of each picture, centre and radius of its disc, colours of disc and hill.
_RUST, _PINE = (0.85, 0.45, 0.28), (0.28, 0.42, 0.42)
_PICTURES = (
    ((-1.75, 1.28), (0.36, 0.52, 0.13), _RUST, _PINE),
    ((0.95, 1.28), (0.26, 0.44, 0.17), _PINE, _RUST),
)


def meet_room(
    origin_m: Float32[Array, "3"], rays: Float32[Array, "rays 3"]
) -> tuple[Float32[Array, "rays 3"], Float32[Array, "rays 3"]]:
    """Return where rays that go away from the viewer meet floor or wall, and the normals there."""
    falling = np.minimum(rays[:, 1], -1e-9)
    to_floor = -origin_m[1] / falling
    to_wall = (_WALL_Z_M - origin_m[2]) / rays[:, 2]
    points = origin_m + rays * np.minimum(to_floor, to_wall)[:, None]
    normals = np.where((to_floor < to_wall)[:, None], (0, 1, 0), (0, 0, 1))
    return points.astype(np.float32), normals.astype(np.float32)


def paint_room(
    points_m: Float32[Array, "points 3"], normals: Float32[Array, "points 3"]
) -> Float32[Array, "points 3"]:
    """Return the colour of points on floor and wall."""
    floor = normals[:, 1] > 0.5
    rgb = np.empty_like(points_m)
    rgb[floor], rgb[~floor] = _paint_floor(points_m[floor]), _paint_wall(points_m[~floor])
    return rgb


def _paint_floor(points_m: Float32[Array, "points 3"]) -> Float32[Array, "points 3"]:
    x, z = points_m[:, 0], points_m[:, 2]
    length, width = _PLANK_M
    row = np.floor(z / width)
    place = x / length + _hash(row, row)
    tone = _hash(row, np.floor(place))
    grain = _noise(np.stack([x * 3 + 7 * tone, z * 60], axis=1)) * 0.12
    grain += _noise(np.stack([x * 9, z * 160 + 31 * tone], axis=1)) * 0.08
    across = np.abs(z / width - row - 0.5) * 2
    along = np.abs(place - np.floor(place) - 0.5) * 2
    seam = np.maximum(_rise(across, 0.97, 1.0), _rise(along, 0.996, 1.0))
    wood = (0.70 + 0.26 * tone + grain) * (1 - 0.45 * seam)
    return _lay_rug(points_m, wood[:, None] * _linear(0.74, 0.58, 0.42))


def _lay_rug(
    points_m: Float32[Array, "points 3"], under: Float32[Array, "points 3"]
) -> Float32[Array, "points 3"]:
    place = points_m[:, [0, 2]]
    radius = np.linalg.norm(place - _RUG_XZ_M, axis=1) / _RUG_RADIUS_M
    ring = _rise(radius, 0.815, 0.825) * (1 - _rise(radius, 0.885, 0.895))
    rug = _mix(_linear(0.30, 0.42, 0.50), _linear(0.86, 0.82, 0.74), ring)
    rug *= (0.9 + 0.2 * _noise(place * 130))[:, None]
    return _mix(under, rug, 1 - _rise(radius, 0.996, 1.004))


def _paint_wall(points_m: Float32[Array, "points 3"]) -> Float32[Array, "points 3"]:
    x, y = points_m[:, 0], points_m[:, 1]
    roughness = 0.06 * _noise(points_m[:, :2] * 3) + 0.03 * _noise(points_m[:, :2] * 60)
    rgb = (0.95 + roughness)[:, None] * _linear(0.82, 0.81, 0.77)
    for (left, bottom), disc, disc_rgb, hill_rgb in _PICTURES:
        u, v = x - left, y - bottom
        rgb = _mix(rgb, _linear(0.24, 0.20, 0.18), _within(u, v, 0.0))
        art = np.broadcast_to(_linear(0.93, 0.90, 0.84), rgb.shape)
        away = np.hypot(u - disc[0], v - disc[1]) / disc[2]
        art = _mix(art, _linear(*disc_rgb), 1 - _rise(away, 0.97, 1.0))
        ridge = v - 0.06 * np.sin(9 * u + left)
        art = _mix(art, _linear(*hill_rgb), 1 - _rise(ridge, 0.256, 0.26))
        rgb = _mix(rgb, art, _within(u, v, 0.025))
    return _mix(rgb, _linear(0.90, 0.89, 0.86), 1 - _rise(y, _SKIRTING_M - 0.005, _SKIRTING_M))


def _within(
    u: Float32[Array, "points"], v: Float32[Array, "points"], margin_m: float
) -> Float32[Array, "points"]:
    width, height = _PICTURE_M
    inset = np.minimum(np.minimum(u, width - u), np.minimum(v, height - v))
    return (inset > margin_m).astype(np.float32)


def _noise(places: Float32[Array, "points 2"]) -> Float32[Array, "points"]:
    """Return smooth value noise in [0, 1], one knot per unit."""
    corner = np.floor(places)
    part = places - corner
    part = part * part * (3 - 2 * part)
    total = np.zeros(len(places), np.float32)
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        weight = np.abs(1 - i - part[:, 0]) * np.abs(1 - j - part[:, 1])
        total += weight * _hash(corner[:, 0] + i, corner[:, 1] + j)
    return total


def _hash(
    first: Float32[Array, "points"], second: Float32[Array, "points"]
) -> Float32[Array, "points"]:
    """Return a number in [0, 1) that looks random and is the same for the same pair of integers."""
    mixed = first.astype(np.int64) * 374761393 + second.astype(np.int64) * 668265263
    mixed = (mixed ^ (mixed >> 13)) * 1274126177 & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 16)) % 65536 / 65536).astype(np.float32)


def _rise(values: Float32[Array, "points"], start: float, end: float) -> Float32[Array, "points"]:
    part = np.clip((values - start) / (end - start), 0, 1)
    return (part * part * (3 - 2 * part)).astype(np.float32)


def _mix(
    under: Float32[Array, "#points 3"],
    over: Float32[Array, "#points 3"],
    cover: Float32[Array, "points"],
) -> Float32[Array, "points 3"]:
    """Lay one colour, or one a point, over another."""
    return (under + cover[:, None] * (over - under)).astype(np.float32)


def _linear(red: float, green: float, blue: float) -> Float32[Array, "1 3"]:
    return srgb_to_linear(np.array([[red, green, blue]], np.float32))
