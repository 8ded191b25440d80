"""A clip of 8 frames of the built-in body as it waves: pictures of its vertices, or evidence."""

from functools import cache
from typing import Literal

import cv2
import numpy as np

from model.bodies import load_body, regress_joints
from model.bodies.skinning import anny_to_camera, load_anny
from model.synth.landmark_points import landmark_points
from model.training.batch import Sample
from model.types import Array

FRAMES = 8

Input = Literal["pixels", "evidence"]
_GREY = 90


@cache
def make_waving_clip(sees: Input = "pixels") -> Sample:
    """What a network sees, with mesh and joints, exact in a camera of (0.9, 0, 0)."""
    full_m = _wave()
    mesh_m = full_m[:, load_anny().full_to_fine]
    h36m_m, joints_m = regress_joints(load_body("anny"), mesh_m)
    pelvis_m = h36m_m[:, :1]
    mesh_m, joints_m, full_m = mesh_m - pelvis_m, joints_m - pelvis_m, full_m - pelvis_m
    ones = np.ones((FRAMES, 14, 1), np.float32)
    return Sample(
        pixels=_draw(mesh_m) if sees == "pixels" else None,
        joints2d=np.concatenate([0.9 * joints_m[..., :2], ones], axis=2),
        joints3d_m=np.concatenate([joints_m, ones], axis=2),
        pose=np.zeros((FRAMES, 72), np.float32),
        betas=np.zeros((FRAMES, 10), np.float32),
        mesh_m=mesh_m,
        has_mesh=np.ones(FRAMES, bool),
        landmarks=_landmarks(full_m) if sees == "evidence" else None,
        mask=_mask(mesh_m) if sees == "evidence" else None,
    )


class OneClip:
    """A source of this clip and nothing else, as it is."""

    def __init__(self, sees: Input = "pixels") -> None:
        self._sees = sees

    def __len__(self) -> int:
        return 1

    def sample(self, index: int, rng: np.random.Generator) -> Sample:  # noqa: ARG002
        return make_waving_clip(self._sees)


def _wave() -> Array:
    body = load_anny()
    rotvec = np.zeros((FRAMES, 24, 3), np.float32)
    phase = np.linspace(0, 1, FRAMES)
    rotvec[:, 16, 2] = 0.8 * phase - 0.9  # left shoulder
    rotvec[:, 18, 1] = -0.9 * phase  # left elbow
    rotvec[:, 1, 0] = 0.4 * np.sin(3 * phase)  # left hip
    vertices_m, joints_m = body.skinning.pose(np.zeros((FRAMES, 10), np.float32), rotvec)
    upright = np.repeat(np.eye(3, dtype=np.float32)[None], FRAMES, axis=0)
    return anny_to_camera(vertices_m, joints_m[:, 0], upright, np.zeros((FRAMES, 3), np.float32))


def _landmarks(full_m: Array) -> Array:
    """All in view, exact."""
    points = landmark_points()
    places_m = points.weights @ full_m[:, points.vertices]
    seen = np.ones((FRAMES, 33, 1), np.float32)
    return np.concatenate([0.9 * places_m, seen, places_m], axis=2).astype(np.float32)


def _mask(mesh_m: Array) -> Array:
    silhouettes = (_draw(mesh_m) != _GREY).any(axis=3).astype(np.uint8) * 255
    cells = [cv2.resize(s, (64, 64), interpolation=cv2.INTER_AREA) for s in silhouettes]
    return np.stack(cells)


def _draw(mesh_m: Array) -> Array:
    """Nearer vertices brighter, on grey."""
    pixels = np.full((FRAMES, 224, 224, 3), _GREY, np.uint8)
    uv = 0.9 * mesh_m[..., :2]
    columns, rows = np.clip((uv + 1) * 112, 0, 223).astype(int).transpose(2, 0, 1)
    shade = np.clip(170 - 250 * mesh_m[..., 2], 0, 255).astype(np.uint8)
    for frame in range(FRAMES):
        pixels[frame, rows[frame], columns[frame]] = shade[frame][:, None] * [1.0, 0.8, 0.6]
    return pixels
