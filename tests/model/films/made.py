"""Made-up truths, and people who were reconstructed as well or as badly as a test wants."""

from dataclasses import replace

import numpy as np

from model.bodies import load_body, regress_joints
from model.camera import pinhole_intrinsics, project_perspective, view_rotmats
from model.films.comparison import true_upsampling
from model.films.film import Level, Truth
from model.types import Sequence
from tests.model.dancers import HEIGHT, WIDTH, dancer

BODY = load_body("anny")
INTRINSICS = pinhole_intrinsics(WIDTH, HEIGHT)


def made_truth(frames: int = 12, level: Level = "none", side_m: float = 1.0) -> Truth:
    """Somebody who dances off the middle of the picture."""
    coarse_m = dancer(frame_index=range(frames)).coarse_m
    h36m_m, joints_m = regress_joints(BODY, true_upsampling(BODY)(coarse_m))
    pelvis_m = h36m_m[:, :1]
    translation_m = np.tile(np.float32([side_m, 0.2, 4]), (frames, 1))
    joints_m = joints_m - pelvis_m
    joints_px = project_perspective(joints_m + translation_m[:, None], INTRINSICS)
    centre = joints_px.mean(axis=1)
    return Truth(
        level=level,
        pts_s=np.arange(frames) / 30,
        coarse_m=coarse_m - pelvis_m,
        joints_m=joints_m,
        translation_m=translation_m,
        joints_px=joints_px,
        square_px=np.concatenate([centre - 60, centre + 60], axis=1),
        others_px=np.zeros((0, frames, 4), np.float32),
        visible=np.ones(frames, np.float32),
        intrinsics=INTRINSICS,
    )


def found(truth: Truth, frames: range | None = None, track_id: int = 1) -> Sequence:
    """The true person, as a network would have to answer: in the axes of each crop."""
    rows = np.array(frames or range(len(truth)))
    square_px = truth.square_px[rows]
    straight = view_rotmats(square_px, truth.intrinsics)
    return replace(
        dancer(track_id, rows.tolist()),
        coarse_m=truth.coarse_m[rows] @ straight,
        crop_px=square_px,
    )
