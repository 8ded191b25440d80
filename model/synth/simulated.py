"""Clips of evidence without a picture: bodies in motion, and what BlazePose might say of them.

Far cheaper than pictures, and all that a network needs to learn how bodies move and project.
"""

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from model.bodies.body_file import load_body
from model.bodies.skinning import Skinning, load_anny
from model.camera import project_perspective, view_rotmats
from model.synth.baking import FOCAL_PX, INTRINSICS, NEAREST_M, Place
from model.synth.framing import draw_squares, draw_view
from model.synth.landmark_points import landmark_points
from model.synth.misreading import misread
from model.synth.motion import Motion, draw_motion, vary
from model.training.batch import Sample
from model.types import COARSE, H36M_TO_J14, JOINT_NAMES, MASK_SIDE, WINDOW, Array

_SPACING_M = 0.03  # of the vertices that draw the silhouette: about a cell of the mask
_RIGHT_HIP, _LEFT_HIP = JOINT_NAMES.index("right_hip"), JOINT_NAMES.index("left_hip")
_NO_MASK, _SPOILT_MASK = 0.1, 0.3  # chances, of a clip
_CELL = np.ones((3, 3), np.uint8)


class _Needed(NamedTuple):
    """The vertices that labels and evidence are made of; the coarse ones first.

    Attributes:
        skinning: Of these vertices alone.
        joints: Human3.6M's joints as weighted sums of them.
        landmarks: BlazePose's landmarks, likewise.
    """

    skinning: Skinning
    joints: Float32[Array, "17 vertices"]
    landmarks: Float32[Array, "33 vertices"]


class SimulatedClips:
    """A `ClipSource` of evidence alone; its samples have no pixels.

    Args:
        motions: To animate with; one side of the split.
        samples: In an epoch; there is no end to them.
        exact: Landmarks and masks are the true ones: to look at, and to compare.
    """

    def __init__(self, motions: Sequence[Motion], samples: int, *, exact: bool = False) -> None:
        self._motions = motions
        self._samples = samples
        self._exact = exact

    def __len__(self) -> int:
        return self._samples

    def sample(self, index: int, rng: np.random.Generator) -> Sample:  # noqa: ARG002  none is alike
        """Make one clip of 8 frames; it depends on the motions and the generator alone."""
        points_m = self._act(rng)
        points_px = project_perspective(points_m, INTRINSICS)
        h36m_m = _needed().joints @ points_m
        joints_m = h36m_m[:, H36M_TO_J14]
        joints_px = project_perspective(joints_m, INTRINSICS)
        hips_px = joints_px[:, [_RIGHT_HIP, _LEFT_HIP]].mean(axis=1)
        extent_px = np.linalg.norm(points_px - hips_px[:, None], axis=2).max(axis=1)
        squares_px = draw_squares(rng, hips_px, extent_px)
        landmarks = _look_from(points_m, squares_px)
        mask = draw_mask(over_crop(points_px, squares_px))
        if self._exact:
            landmarks = np.insert(landmarks, 3, 1.0, axis=2)
        else:
            landmarks, mask = misread(rng, landmarks), spoil_mask(rng, mask)
        straight = view_rotmats(squares_px, INTRINSICS)  # a crop is a picture of its own
        sure = np.ones((WINDOW, 14, 1), np.float32)
        pelvis_m = h36m_m[:, :1]
        return Sample(
            pixels=None,
            joints2d=np.concatenate([over_crop(joints_px, squares_px), sure], axis=2),
            joints3d_m=np.concatenate([(joints_m - pelvis_m) @ straight, sure], axis=2),
            pose=np.zeros((WINDOW, 72), np.float32),
            betas=np.zeros((WINDOW, 10), np.float32),
            mesh_m=(points_m[:, :COARSE] - pelvis_m) @ straight,
            has_mesh=np.ones(WINDOW, bool),
            landmarks=landmarks.astype(np.float32),
            mask=mask,
        )

    def _act(self, rng: np.random.Generator) -> Float32[Array, "8 vertices 3"]:
        """Draw motion, shape and camera; return vertices in the camera frame."""
        fps = float(rng.choice([15, 30]))
        rotvec, path_m = vary(draw_motion(self._motions, rng), rng, fps)
        betas = np.clip(rng.normal(0, 0.9, 10), -2.5, 2.5).astype(np.float32)
        place = Place(np.repeat(betas[None], WINDOW, axis=0), rotvec, path_m, draw_view(rng))
        points_m = place.see(_needed().skinning)
        behind_m = max(0.0, NEAREST_M - float(points_m[..., 2].min()))
        return points_m + np.array([0, 0, behind_m], np.float32)


def over_crop(
    points_px: Float32[Array, "n points 2"], squares_px: Float32[Array, "n 4"]
) -> Float32[Array, "n points 2"]:
    """Return image points over their frame's square, -1 to 1."""
    side_px = squares_px[:, None, 2:3] - squares_px[:, None, :1]
    return 2 * (points_px - squares_px[:, None, :2]) / side_px - 1


def draw_mask(points: Float32[Array, "n points 2"]) -> UInt8[Array, "n 64 64"]:
    """Return the silhouettes of bodies whose vertices lie at these places over the crop."""
    cells = np.floor((points + 1) / 2 * MASK_SIDE).astype(int)
    inside = ((cells >= 0) & (cells < MASK_SIDE)).all(axis=2)
    frame, point = np.nonzero(inside)
    masks = np.zeros((len(points), MASK_SIDE, MASK_SIDE), np.uint8)
    masks[frame, cells[frame, point, 1], cells[frame, point, 0]] = 255
    return np.stack([cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _CELL) for mask in masks])


def spoil_mask(rng: np.random.Generator, masks: UInt8[Array, "8 64 64"]) -> UInt8[Array, "8 64 64"]:
    """Return masks of a clip as BlazePose might have drawn them: clothes, soft edges, holes."""
    if rng.random() < _NO_MASK:
        return np.zeros_like(masks)
    wider = float(rng.choice([-0.5, 0, 0.5, 1]))  # cells: clothes, or less than there is
    change = cv2.dilate if wider > 0 else cv2.erode
    spoilt = np.empty_like(masks)
    for frame, mask in enumerate(masks):
        blended = cv2.addWeighted(mask, 1 - abs(wider), change(mask, _CELL), abs(wider), 0)
        spoilt[frame] = cv2.GaussianBlur(blended, (3, 3), 0)
    if rng.random() < _SPOILT_MASK:  # something stands in front
        x, y = rng.integers(0, MASK_SIDE, 2)
        width, height = rng.integers(4, MASK_SIDE // 2, 2)
        spoilt[:, y : y + height, x : x + width] = 0
    return spoilt


def _look_from(
    points_m: Float32[Array, "8 vertices 3"], squares_px: Float32[Array, "8 4"]
) -> Float32[Array, "8 33 6"]:
    """Return true landmarks: places over the crop, depth to scale, and places in metres.

    Depth and the latter are relative to the hips.
    """
    landmarks_m = _needed().landmarks @ points_m
    hips_m = (_needed().joints @ points_m)[:, [1, 4]].mean(axis=1, keepdims=True)
    per_m = 2 * FOCAL_PX / hips_m[..., 2] / (squares_px[:, 2:3] - squares_px[:, :1])  # half sides
    depth = (landmarks_m - hips_m)[..., 2] * per_m
    place = over_crop(project_perspective(landmarks_m, INTRINSICS), squares_px)
    world_m = (landmarks_m - hips_m) @ view_rotmats(squares_px, INTRINSICS)
    return np.concatenate([place, depth[..., None], world_m], axis=2)


@cache
def _needed() -> _Needed:
    anny, body, points = load_anny(), load_body("anny"), landmark_points()
    coarse = anny.full_to_fine[body.fine_to_intermediate[body.intermediate_to_coarse]]
    sources = np.flatnonzero(body.joint_regressor.any(axis=0))
    voxels = np.floor(anny.skinning.vertices_m / _SPACING_M).astype(int)
    _, spread = np.unique(voxels, axis=0, return_index=True)
    parts = (coarse, anny.full_to_fine[sources], points.vertices, spread)
    starts = np.cumsum([0, *(len(part) for part in parts)])
    joints = np.zeros((17, starts[-1]), np.float32)
    joints[:, starts[1] : starts[2]] = body.joint_regressor[:, sources]
    landmarks = np.zeros((33, starts[-1]), np.float32)
    landmarks[:, starts[2] : starts[3]] = points.weights
    return _Needed(anny.skinning.select(np.concatenate(parts).astype(np.int32)), joints, landmarks)
