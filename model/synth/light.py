"""Soft light with soft shadows: many small lamps, each with a shadow map.

World frame: x to the right, y up, z towards the viewer, metres.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float32, Int32

from model.synth.gbuffer import rasterise
from model.types import Array

_BIAS_M = 0.025  # a surface does not shade itself where the map is coarser than it
_MAP_SIDE = 400
_MAP_RADIUS_M = 1.35  # about the caster's centre; nothing beyond it casts
_DEPTH_M = 12.0  # stretch of depth that a map keeps apart


@dataclass(frozen=True, eq=False)
class Lamps:
    """Far lamps that light alike everywhere.

    Attributes:
        directions: Unit vectors towards them.
        rgb: Their light, linear.
    """

    directions: Float32[Array, "lamps 3"]
    rgb: Float32[Array, "lamps 3"]

    def unshadowed(self, normal: Float32[Array, "3"]) -> Float32[Array, "3"]:
        """Return the light on a matt surface that nothing shades."""
        return np.maximum(self.directions @ normal, 0) @ self.rgb


def window_and_room(lamps: int = 14) -> Lamps:
    """Return a large warm window over the viewer's left shoulder, and a cooler room around it."""
    golden = np.pi * (3 - np.sqrt(5)) * np.arange(lamps)  # spreads evenly over disc and dome
    share = (np.arange(lamps) + 0.5) / lamps
    circle = np.column_stack([np.cos(golden), np.sin(golden)])
    window = np.array([-0.62, 0.78, 0.62]) + 0.3 * np.sqrt(share)[:, None] * circle @ np.array(
        [[0.7, 0, 0.7], [-0.4, 0.8, 0.4]]
    )
    level = np.sqrt(1 - share**2)[:, None] * circle
    dome = np.column_stack([level[:, 0], share, level[:, 1]])
    directions = np.concatenate([window, dome])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    rgb = np.repeat([[1.13, 1.04, 0.9], [0.72, 0.79, 0.89]], lamps, axis=0) / lamps
    return Lamps(directions.astype(np.float32), rgb.astype(np.float32))


def shine(
    lamps: Lamps,
    points_m: Float32[Array, "points 3"],
    normals: Float32[Array, "points 3"],
    caster_m: Float32[Array, "vertices 3"],
    faces: Int32[Array, "faces 3"],
) -> Float32[Array, "points 3"]:
    """Return the light that matt surfaces receive, linear.

    Args:
        lamps: The lights.
        points_m: Where the light is wanted.
        normals: Of the surfaces there; surfaces are one-sided.
        caster_m: The only thing that casts shadows.
        faces: Its triangles.
    """
    light = np.zeros_like(points_m)
    centre_m = (caster_m.min(axis=0) + caster_m.max(axis=0)) / 2
    for direction, rgb in zip(lamps.directions, lamps.rgb, strict=True):
        turn = _look_along(direction)
        free = _sees_lamp((points_m - centre_m) @ turn.T, (caster_m - centre_m) @ turn.T, faces)
        light += (np.maximum(normals @ direction, 0) * free)[:, None] * rgb
    return light


def _sees_lamp(
    points_m: Float32[Array, "points 3"],
    caster_m: Float32[Array, "vertices 3"],
    faces: Int32[Array, "faces 3"],
) -> Bool[Array, "points"]:
    """Return which points lie not behind the caster, with the lamp at the far end of z."""
    px_per_m = _MAP_SIDE / (2 * _MAP_RADIUS_M)
    nearness = 1.5 + caster_m[:, 2] / _DEPTH_M  # linear in the map, so its inverse rasterises
    place_px = caster_m[:, :2] * np.float32(px_per_m) + np.float32(_MAP_SIDE / 2)
    fragments = rasterise(place_px, 1 / nearness, faces, _MAP_SIDE, _MAP_SIDE)
    height_m = np.full(_MAP_SIDE**2, -_DEPTH_M, np.float32)
    height_m[fragments.pixels] = (1 / fragments.depth - 1.5) * _DEPTH_M
    cells = (points_m[:, :2] * px_per_m + _MAP_SIDE / 2).astype(np.int32)
    columns, rows = np.clip(cells, 0, _MAP_SIDE - 1).T
    return height_m[rows * _MAP_SIDE + columns] <= points_m[:, 2] + _BIAS_M


def _look_along(direction: Float32[Array, "3"]) -> Float32[Array, "3 3"]:
    """Return a rotation whose third row is `direction`."""
    aside = np.eye(3)[np.abs(direction).argmin()]
    first = np.cross(aside, direction)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first), direction]).astype(np.float32)
