"""Pictures of a person in a room, made with care rather than speed, through a camera that rests.

World frame: x to the right, y up, z towards the viewer, metres. Colours are linear until the end.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from model.bodies.skinning import BODY_TO_CAMERA_AXES
from model.camera import project_perspective
from model.shading import linear_to_srgb
from model.synth.gbuffer import GBuffer, Surface, bake
from model.synth.light import Lamps, shine, window_and_room
from model.synth.outfit import Material
from model.synth.paint import Looks, paint
from model.synth.room import meet_room, paint_room
from model.types import Array

_SAMPLES = 2  # per pixel and axis
_COARSE = 2  # pixels per sample of the light on the room, which is smooth
_REACH_M = 2.2  # about a person's feet; the floor beyond is not shaded by the person
_UP = np.array([0, 1, 0], np.float32)
_EXPOSURE = 1.2
_BOUNCE = np.array([0.19, 0.15, 0.12], np.float32)  # light from the floor, on what looks down
_GLOSS = {Material.SKIN: 0.05, Material.SHOE: 0.05, Material.HAIR: 0.09, Material.SHIRT: 0.01}
_FOLDS = {Material.SHIRT: 0.22, Material.TROUSERS: 0.22, Material.HAIR: 0.35}


@dataclass(frozen=True, eq=False)
class Camera:
    """A pinhole camera in the world.

    Attributes:
        intrinsics: In pixels.
        width: Pixels.
        height: Pixels.
        eye_m: Where it is in the world.
        world_to_camera: Turns world axes into x right, y down, z away.
    """

    intrinsics: Float32[Array, "3 3"]
    width: int
    height: int
    eye_m: Float32[Array, "3"]
    world_to_camera: Float32[Array, "3 3"]

    @classmethod
    def standing(
        cls,
        intrinsics: Float32[Array, "3 3"],
        width: int,
        height: int,
        eye_m: tuple[float, float, float],
        pitch: float,
    ) -> "Camera":
        """Return a camera that looks along -z, turned up by `pitch` radians."""
        turn, _ = cv2.Rodrigues(np.array([pitch, 0.0, 0.0]))
        axes = BODY_TO_CAMERA_AXES @ turn.T.astype(np.float32)
        return cls(intrinsics, width, height, np.array(eye_m, np.float32), axes)

    def see(self, points_m: Float32[Array, "*n 3"]) -> Float32[Array, "*n 3"]:
        """Return world points in the camera frame."""
        return (points_m - self.eye_m) @ self.world_to_camera.T

    def rays(
        self, columns: Float32[Array, "c"], rows: Float32[Array, "r"]
    ) -> Float32[Array, "r c 3"]:
        """Return directions in the world, one metre deep, of pixels at these places."""
        x, y = np.meshgrid(columns, rows)
        focal, centre = self.intrinsics[0, 0], self.intrinsics[:2, 2]
        eye = np.stack([(x - centre[0]) / focal, (y - centre[1]) / focal, np.ones_like(x)], axis=-1)
        return (eye @ self.world_to_camera).astype(np.float32)


class Studio:
    """A room, its light and a camera; takes one picture after the other."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._lamps = window_and_room()
        self._bare_rgb = self._paint()
        columns, rows = (
            np.arange(0.5, n / _COARSE) * _COARSE for n in (camera.width, camera.height)
        )
        rays = camera.rays(columns.astype(np.float32), rows.astype(np.float32))
        self._coarse_shape = rays.shape
        self._points_m, self._normals = meet_room(camera.eye_m, rays.reshape(-1, 3))
        floor, wall = (self._lamps.unshadowed(axis) for axis in np.eye(3, dtype=np.float32)[1:])
        dim = 1 - 0.09 * np.clip(self._points_m[:, :1] + 0.5, -2, 3)  # away from the window
        self._light = dim * np.where(self._normals[:, 1:2] > 0.5, floor, wall)

    def photograph(self, surface: Surface, looks: Looks) -> UInt8[Array, "height width 3"]:
        """Return the picture of one person; `surface` is in the world frame, wholly in view."""
        room = self._bare_rgb * self._light_room(surface) * _EXPOSURE
        x0, y0, x1, y1 = self._box(surface)
        scale = np.array([[_SAMPLES], [_SAMPLES], [1]], np.float32)
        shift = np.array([[0, 0, x0], [0, 0, y0], [0, 0, 0]], np.float32)
        seen = replace(surface, vertices_m=self._camera.see(surface.vertices_m))
        size = (x1 - x0) * _SAMPLES, (y1 - y0) * _SAMPLES
        buffer = bake(seen, (self._camera.intrinsics - shift) * scale, *size)
        layer = np.zeros((size[1], size[0], 4), np.float32)
        layer[buffer.part > 0] = 1
        layer[buffer.part > 0, :3] = linear_to_srgb(self._shade(surface, buffer, looks, (x0, y0)))
        layer = np.asarray(cv2.resize(layer, (x1 - x0, y1 - y0), interpolation=cv2.INTER_AREA))
        picture = linear_to_srgb(room)
        under = picture[y0:y1, x0:x1]
        under[:] = under * (1 - layer[..., 3:]) + layer[..., :3]
        return (picture * 255 + 0.5).astype(np.uint8)

    def _light_room(self, surface: Surface) -> Float32[Array, "height width 3"]:
        """Return the light on floor and wall, with the person's shadow on the floor."""
        camera = self._camera
        feet = surface.vertices_m[:, [0, 2]].mean(axis=0)
        away_m = np.linalg.norm(self._points_m[:, [0, 2]] - feet, axis=1)
        near = (self._normals[:, 1] > 0.5) & (away_m < _REACH_M)
        shaded = shine(
            self._lamps,
            self._points_m[near],
            self._normals[near],
            surface.vertices_m,
            surface.faces,
        )
        light = self._light.copy()
        light[near] *= shaded / self._lamps.unshadowed(_UP)
        soft = cv2.GaussianBlur(light.reshape(self._coarse_shape), (0, 0), 1)
        return cv2.resize(soft, (camera.width, camera.height), interpolation=cv2.INTER_LINEAR)

    def _box(self, surface: Surface) -> tuple[int, int, int, int]:
        """Return whole pixels about the person, ends exclusive."""
        pixels = project_perspective(
            self._camera.see(surface.vertices_m)[None], self._camera.intrinsics
        )[0]
        low, high = np.floor(pixels.min(axis=0)) - 1, np.ceil(pixels.max(axis=0)) + 1
        limit = (self._camera.width, self._camera.height)
        (x0, y0), (x1, y1) = np.clip(low, 0, limit), np.clip(high, 0, limit)
        return int(x0), int(y0), int(x1), int(y1)

    def _shade(
        self, surface: Surface, buffer: GBuffer, looks: Looks, corner: tuple[int, int]
    ) -> Float32[Array, "seen 3"]:
        """Return the colours of the pixels that show the person."""
        camera, seen = self._camera, buffer.part > 0
        part = torch.from_numpy(buffer.part[seen].astype(np.int64))
        rest_m = torch.from_numpy(buffer.rest_m[seen])
        painted = paint(part, rest_m, torch.zeros_like(part), looks)
        material, rgb = (values.numpy() for values in painted)
        places = [
            (np.arange(0.5, n) / _SAMPLES + start).astype(np.float32)
            for n, start in zip(seen.shape[::-1], corner, strict=True)
        ]
        rays = camera.rays(*places)[seen]
        points_m = camera.eye_m + rays * buffer.depth_m[seen][:, None]
        smooth = buffer.normal[seen] @ camera.world_to_camera
        normals = _crease(smooth, buffer.rest_m[seen], _by_material(_FOLDS)[material])
        light = shine(
            self._lamps, points_m + 0.008 * smooth, normals, surface.vertices_m, surface.faces
        )
        below = _BOUNCE * (0.5 - 0.5 * normals[:, 1:2])
        shine_on = _by_material(_GLOSS)[material] * _highlight(self._lamps, normals, rays)
        return _EXPOSURE * (rgb * (light + below) + shine_on[:, None] * light)

    def _paint(self) -> Float32[Array, "height width 3"]:
        camera = self._camera
        columns, rows = (
            np.arange(0.5, n * _SAMPLES, dtype=np.float32) / _SAMPLES
            for n in (camera.width, camera.height)
        )
        bands = []
        for band in np.split(rows, camera.height // 8):  # a band at a time keeps memory low
            rays = camera.rays(columns, band)
            rgb = paint_room(*meet_room(camera.eye_m, rays.reshape(-1, 3))).reshape(rays.shape)
            bands.append(cv2.resize(rgb, (camera.width, 8), interpolation=cv2.INTER_AREA))
        return np.concatenate(bands)


def _by_material(table: dict[Material, float]) -> Float32[Array, "materials"]:
    return np.array([table.get(material, 0) for material in Material], np.float32)


def _highlight(
    lamps: Lamps, normals: Float32[Array, "n 3"], rays: Float32[Array, "n 3"]
) -> Float32[Array, "n"]:
    """Return Blinn's highlight of the brightest part of the light."""
    towards = -rays / np.linalg.norm(rays, axis=1, keepdims=True)
    half = lamps.directions[: len(lamps.rgb) // 2].mean(axis=0) + towards
    half /= np.linalg.norm(half, axis=1, keepdims=True)
    return np.maximum((normals * half).sum(axis=1), 0) ** 24


def _crease(
    normals: Float32[Array, "n 3"], rest_m: Float32[Array, "n 3"], depth: Float32[Array, "n"]
) -> Float32[Array, "n 3"]:
    """Tilt normals by the slope of soft folds that lie fixed on the body."""
    draw = np.random.default_rng(5)
    slope = np.zeros_like(normals)
    for per_m in (14, 23, 41):
        for _ in range(3):
            across, bend = draw.normal(size=(2, 3)) * [[1, 0.6, 1], [6, 6, 6]]
            across /= np.linalg.norm(across)
            wave = np.cos(
                per_m * rest_m @ across + 1.3 * np.sin(rest_m @ bend) + draw.uniform(0, 6)
            )
            slope += wave[:, None] / 3 * across
    tilted = normals + depth[:, None] * slope
    return (tilted / np.linalg.norm(tilted, axis=1, keepdims=True)).astype(np.float32)
