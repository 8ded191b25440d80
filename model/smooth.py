"""Smoothing at hand-out: a zero-phase low-pass over each person's rows, by their true times.

Every row becomes the value, at its own time, of a parabola fitted to the rows around it (local
quadratic regression, Cleveland 1979; on even times a Savitzky-Golay filter). Weights fall off as
(1 - (dt / reach)^2)^2 and end at the reach, so uneven frame rates and the ends of a track need no
special case, nothing is smoothed across a gap longer than the reach, and a row depends only on
rows less than a reach away: any slice of a long track costs the same.

Response to a wave, at 24, 30 and 60 fps alike:

    level   reach     1 Hz    2 Hz    3 Hz    jitter left in accelerations at 24, 30, 60 fps
    light   0.11 s    1.00    1.00    0.98    0.36, 0.26, 0.05
    strong  0.16 s    1.00    0.98    0.92    0.18, 0.11, 0.02

Where the frame rate is so low that no more than three rows are in reach (below 18 fps for
`light`, 13 for `strong`), the parabola passes through them and rows stay as they are.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np
from jaxtyping import Float32, Float64

from model.camera import crop_camera_to_image, image_to_crop_camera
from model.rotations import nearest_rotmat
from model.types import Array, Sequence, Smoothing

REACH_S: dict[Smoothing, float] = {"light": 0.11, "strong": 0.16}
_BLOCK = 64  # rows whose weights are kept at once


def smooth(sequence: Sequence, rows: slice, level: Smoothing) -> Sequence:
    """Return some rows of a sequence, smoothed.

    Vertices, joint tokens and shape are smoothed as they are, rotations as matrices that are made
    rotations again, the camera in the full image (the logarithm of its scale, and the pixel of the
    pelvis) and handed back relative to the smoothed square. Rows that were interpolated count like
    others. How the rows are sliced does not matter.

    Args:
        sequence: All rows of the person.
        rows: Which to return; consecutive.
        level: `off` returns views of the rows as they are.
    """
    if level == "off":
        return sequence[rows]
    start, stop, step = rows.indices(len(sequence))
    assert step == 1, "a smoothed slice has consecutive rows"
    blocks = [
        _smooth_block(sequence, slice(first, min(first + _BLOCK, stop)), REACH_S[level])
        for first in range(start, stop, _BLOCK)
    ]
    return _concatenate(blocks) if blocks else sequence[rows]


def fit_weights(
    times_s: Float64[Array, "m"], at_s: Float64[Array, "k"], reach_s: float
) -> Float64[Array, "k m"]:
    """Return the share of each of m samples in the parabola fitted around each of k times.

    Rows sum to one. Where fewer than three samples are in reach, the parabola of least norm
    through them is taken: a sample at that very time is then returned as it is.
    """
    distance = (times_s - at_s[:, None]) / reach_s  # [k,m]
    weights = np.maximum(1 - distance**2, 0) ** 2
    powers = distance[..., None] ** np.arange(3)  # [k,m,3]
    weighted = weights[..., None] * powers
    moments = np.einsum("kmp,kmq->kpq", weighted, powers)
    solved = np.linalg.pinv(moments, rcond=1e-10, hermitian=True)[:, 0]  # [k,3]
    return np.einsum("kp,kmp->km", solved, weighted)


def _smooth_block(sequence: Sequence, rows: slice, reach_s: float) -> Sequence:
    times_s = sequence.pts_s
    low = np.searchsorted(times_s, times_s[rows.start] - reach_s)
    high = np.searchsorted(times_s, times_s[rows.stop - 1] + reach_s, side="right")
    near = sequence[slice(int(low), int(high))]
    weights = fit_weights(near.pts_s, times_s[rows], reach_s).astype(np.float32)
    px_per_m, pelvis_px = crop_camera_to_image(near.camera, near.crop_px)
    crop_px = _apply(weights, near.crop_px)
    camera = image_to_crop_camera(
        np.exp(_apply(weights, np.log(px_per_m))), _apply(weights, pelvis_px), crop_px
    )
    rotmat, betas = near.rotmat, near.betas
    return replace(
        sequence[rows],
        camera=camera,
        crop_px=crop_px,
        joint_tokens_m=_apply(weights, near.joint_tokens_m),
        coarse_m=_apply(weights, near.coarse_m),
        rotmat=None if rotmat is None else nearest_rotmat(_apply(weights, rotmat)),
        betas=None if betas is None else _apply(weights, betas),
    )


def _apply(
    weights: Float32[Array, "k m"], values: Float32[Array, "m *value"]
) -> Float32[Array, "k *value"]:
    flat = weights @ values.reshape(len(values), -1)
    return flat.reshape(-1, *values.shape[1:])


def _concatenate(parts: list[Sequence]) -> Sequence:
    joined: dict[str, Any] = {}
    for field in fields(Sequence):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], Array):
            joined[field.name] = np.concatenate(values)
    return replace(parts[0], **joined)
