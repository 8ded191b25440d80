"""What is kept of a clip once the network has answered it: a row for each frame handed on.

These rows are all that the assembler needs, so the crops can be forgotten. This module knows no
disk, network or torch.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32

from model.clips import Clip
from model.errors import InputError
from model.spool import Columns
from model.types import COARSE, Array, Estimate

ROW: Columns = {
    "camera": (np.float32, (3,)),
    "joint_tokens_m": (np.float32, (14, 3)),
    "coarse_m": (np.float32, (COARSE, 3)),
    "crop_px": (np.float32, (4,)),
    "score": (np.float32, ()),
}
"""Type and shape of what every row holds."""
REGRESSED: Columns = {"rotmat": (np.float32, (24, 3, 3)), "betas": (np.float32, (10,))}
"""What it holds besides, where the network has the regressor."""


@dataclass(frozen=True, eq=False)
class ClipRows:
    """The kept rows of one clip.

    Attributes:
        track_id: The person.
        frame_index: Of each row, increasing.
        pts_s: When each was shown, in seconds from the first shown frame of the video.
        padded: Whether the person was in view for too few frames to fill a window.
        values: By column, of `ROW` and as the case may be `REGRESSED`; each of n rows.
    """

    track_id: int
    frame_index: Int32[Array, "n"]
    pts_s: Float64[Array, "n"]
    padded: bool
    values: Mapping[str, Array]


def keep_rows(clip: Clip, estimate: Estimate) -> ClipRows:
    """Pick from the network's answer what is handed on.

    Raises:
        InputError: `bad_output` where the network gave no finite numbers.
    """
    seen = [o for o, kept in zip(clip.observations, clip.keep, strict=True) if kept]
    values = {
        "camera": estimate.camera[clip.keep],
        "joint_tokens_m": estimate.joints_m[clip.keep],
        "coarse_m": estimate.coarse_m[clip.keep],
        "crop_px": np.stack([o.crop_px for o in seen]),
        "score": np.array([o.score for o in seen], np.float32),
    }
    for column in REGRESSED:
        if (value := getattr(estimate, column)) is not None:
            values[column] = value[clip.keep]
    frames = np.array([o.frame_index for o in seen], np.int32)
    _check_finite(values, clip.track_id, frames)
    pts_s = np.array([o.pts_s for o in seen])
    return ClipRows(clip.track_id, frames, pts_s, not clip.keep[-1], values)


def _check_finite(values: Mapping[str, Array], track_id: int, frames: Int32[Array, "n"]) -> None:
    finite = [np.isfinite(v).reshape(len(v), -1).all(axis=1) for v in values.values()]
    bad = frames[~np.all(finite, axis=0)]
    if len(bad):
        raise InputError(
            "bad_output",
            f"the network gave no finite numbers for person {track_id} in frames "
            f"{', '.join(map(str, bad))}; its weights may be damaged, or need float32",
        )
