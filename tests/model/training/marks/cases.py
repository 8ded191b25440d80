"""A person who was marked, as the file says it, as the reader gives it, and as it was seen."""

import copy
from typing import Any

import numpy as np

from model.training.marks.answers import BLAZEPOSE_JOINTS
from model.training.marks.looks import Look
from model.training.marks.marks import MARKED_JOINTS, Mark
from model.types import Array, Evidence

STANDING_PX = np.array(
    [
        *[[90, 290], [90, 240], [90, 190], [110, 190], [110, 240], [110, 290]],  # legs
        *[[70, 190], [75, 150], [80, 110], [120, 110], [125, 150], [130, 190]],  # arms
    ],
    np.float64,
)
"""Somebody 240 pixels tall who faces the camera."""

BOX_PX = [60.0, 70.0, 140.0, 310.0]
HEIGHT_PX = 240.0


def file_of_marks() -> dict[str, Any]:
    """What a file of one mark in one video says."""
    joints = dict(zip(MARKED_JOINTS, STANDING_PX.tolist(), strict=True))
    mark = {
        "frame": 3,
        "box_px": BOX_PX,
        "height_px": HEIGHT_PX,
        "facing_deg": 0,
        "joints_px": {name: [*xy, "visible"] for name, xy in joints.items()},
    }
    video = {"file": "a.mp4", "sha256": "0" * 64, "marks": [mark]}
    return copy.deepcopy({"version": 1, "videos": [video]})


def marked(frame_index: int = 3, shift_px: tuple[float, float] = (0, 0), **changes: Any) -> Mark:
    """The same as the reader gives it, standing `shift_px` farther."""
    shift = np.array(shift_px, np.float64)
    of_mark = {
        "frame_index": frame_index,
        "box_px": np.array(BOX_PX) + np.tile(shift, 2),
        "height_px": HEIGHT_PX,
        "facing_deg": 0.0,
        "joints_px": STANDING_PX + shift,
        "visible": np.ones(12, bool),
    }
    return Mark(**of_mark | changes)


def landmarks_of(shift_px: tuple[float, float] = (0, 0)) -> Array:
    """BlazePose's landmarks of that person: head and feet reach to the box, joints as marked."""
    landmarks = np.zeros((33, 7), np.float32)
    landmarks[:, :2] = STANDING_PX[0]
    landmarks[0, :2], landmarks[31, :2] = BOX_PX[:2], BOX_PX[2:]
    landmarks[BLAZEPOSE_JOINTS, :2] = STANDING_PX
    landmarks[:, :2] += shift_px
    landmarks[:, 4:6] = (landmarks[:, :2] - landmarks[:, :2].mean(axis=0)) / 140  # metres
    return landmarks


def seen(shift_px: tuple[float, float] = (0, 0), row: int = 0) -> Look:
    """That person as the pipeline sees them."""
    evidence = Evidence(np.zeros((8, 33, 7), np.float32), np.zeros((8, 64, 64), np.uint8))
    square_px = np.array([-20, 70, 220, 310], np.float32) + np.tile(np.float32(shift_px), 2)
    return Look(evidence, row, square_px, landmarks_of(shift_px))
