"""Filling short gaps: rows between two observed ones of a person. Knows no disk and no order.

A person hidden for a moment should not vanish from an animation, so gaps of up to a second are
filled on straight lines, in time, between the rows at their ends.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, Int64

from model.camera import crop_camera_to_image, image_to_crop_camera
from model.rotations import slerp_rotmat
from model.types import Array

MAX_GAP_S = 1.0


@dataclass(frozen=True, eq=False)
class Plan:
    """The rows of one person with its short gaps filled, made of the observed ones.

    Attributes:
        frame_index: Of each row, increasing.
        pts_s: Likewise.
        left: The observed row that it is, or the last one before it.
        right: Likewise, or the first one after it.
        share: How far it lies from `left` to `right` in time; 0 where it is observed.
    """

    frame_index: Int32[Array, "rows"]
    pts_s: Float64[Array, "rows"]
    left: Int64[Array, "rows"]
    right: Int64[Array, "rows"]
    share: Float64[Array, "rows"]


def plan_rows(
    observed_frames: Int32[Array, "observed"], first_frame: int, pts_s: Float64[Array, "frames"]
) -> Plan:
    """Plan one person's rows.

    Args:
        observed_frames: Frames of the person's observed rows, increasing.
        first_frame: Index of the first decoded frame.
        pts_s: Times of all decoded frames, increasing.
    """
    times_s = pts_s[observed_frames - first_frame]
    steps = np.diff(observed_frames)
    filled = np.where(np.diff(times_s) <= MAX_GAP_S, steps, 1)  # rows from each to the next
    counts = np.append(filled, 1)
    left = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(len(left)) - np.repeat(np.cumsum(counts) - counts, counts)
    right = left + (step > 0)
    frames = observed_frames[left] + step.astype(np.int32)
    at_s = pts_s[frames - first_frame]
    span_s = np.where(step > 0, times_s[right] - times_s[left], 1.0)
    return Plan(frames, at_s, left, right, (at_s - times_s[left]) / span_s)


def blend(
    left: dict[str, Array], right: dict[str, Array], share: Float64[Array, "k"]
) -> dict[str, Array]:
    """Return values `share` of the way between rows, column by column.

    Lines are straight for vertices, tokens, shape and the crop's square; the camera moves
    straight in the full image, in the pixel of the pelvis and the logarithm of the scale;
    rotations take the shortest turn.
    """
    mixed = {column: _mix(value, right[column], share) for column, value in left.items()}
    scale, pelvis_px = crop_camera_to_image(left["camera"], left["crop_px"])
    scale_right, pelvis_right_px = crop_camera_to_image(right["camera"], right["crop_px"])
    mixed["camera"] = image_to_crop_camera(
        np.exp(_mix(np.log(scale), np.log(scale_right), share)),
        _mix(pelvis_px, pelvis_right_px, share),
        mixed["crop_px"],
    )
    if "rotmat" in left:
        mixed["rotmat"] = slerp_rotmat(left["rotmat"], right["rotmat"], share[:, None])
    return mixed


def _mix(left: Array, right: Array, share: Float64[Array, "k"]) -> Array:
    shares = share.astype(np.float32).reshape(-1, *[1] * (left.ndim - 1))
    return left + shares * (right - left)
