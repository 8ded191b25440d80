"""Smoothing at hand-out: each person's rows, by their true times, without a delay.

Every row becomes the value, at its own time, of a parabola fitted to the rows around it (local
quadratic regression, Cleveland 1979; on even times a Savitzky-Golay filter). Weights fall off as
(1 - (dt / reach)^2)^2 and end at the reach, so uneven frame rates and the ends of a track need no
special case. It is fitted twice: over a short reach, which passes whatever people do, and over a
long one. What the short one shows beside the long one is fast motion or jitter, and kept by the
share that exceeds what jitter explains (as Lee 1980 does with pictures): how much that is, tells
what even the short one does not pass. So a body at rest is calm, and one that waves still waves.

Response to a wave without jitter, at 24, 30 and 60 fps alike:

    level   reach           1 Hz    2 Hz    3 Hz    jitter left in accelerations at 24, 30, 60 fps
    light   0.11, 0.30 s    1.00    0.99    0.97    0.04, 0.03, 0.00
    strong  0.13, 0.40 s    1.00    0.99    0.94    0.02, 0.01, 0.00

A row depends only on rows less than twice the long reach away: any slice of a long track costs the
same. Where the frame rate is so low that the short reach hardly smooths (20 frames a second for
`light`, 17 for `strong`), it tells nothing of jitter, and rows stay as they are.
"""

from dataclasses import fields, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, Float64

from model.camera import crop_camera_to_image, image_to_crop_camera
from model.rotations import nearest_rotmat
from model.types import Array, Sequence, Smoothing


class Level(NamedTuple):
    """How smooth a motion becomes.

    Attributes:
        short_s, long_s: The reaches.
        jitter: How much of it is believed to lie between them, of what there were if it were white.
            Positions in rendered films err least from 15 on, and more is calmer.
    """

    short_s: float
    long_s: float
    jitter: float


LEVELS: dict[Smoothing, Level] = {
    "light": Level(0.11, 0.3, 15),
    "strong": Level(0.13, 0.4, 30),
}
_LEAST_REST, _REST = 0.1, 0.3
"""Of white noise: what the short reach leaves where that tells nothing yet of jitter, and all."""

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
        _smooth_block(sequence, slice(first, min(first + _BLOCK, stop)), LEVELS[level])
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
    weights = _falling(distance)
    powers = distance[..., None] ** np.arange(3)  # [k,m,3]
    weighted = weights[..., None] * powers
    moments = np.einsum("kmp,kmq->kpq", weighted, powers)
    solved = np.linalg.pinv(moments, rcond=1e-10, hermitian=True)[:, 0]  # [k,3]
    return np.einsum("kp,kmp->km", solved, weighted)


class _Filter:
    """What is done to each column of some rows.

    Args:
        times_s: Of all rows that count.
        at_s: Of those that are wanted.
        level: How smooth.
    """

    def __init__(
        self, times_s: Float64[Array, "m"], at_s: Float64[Array, "k"], level: Level
    ) -> None:
        long_s = level.long_s
        first, last = np.searchsorted(times_s, [at_s[0] - long_s, at_s[-1] + long_s])
        self._around = slice(int(first), int(last))  # of the rows, those from which jitter is told
        around_s = times_s[self._around]
        self._wanted = np.searchsorted(around_s, at_s)
        short = fit_weights(times_s, around_s, level.short_s)
        long = fit_weights(times_s, around_s, long_s)
        self._short, self._long = short.astype(np.float32), long.astype(np.float32)
        pool = _falling((around_s - at_s[:, None]) / long_s)
        pool /= pool.sum(axis=1, keepdims=True)
        left = -short
        left[:, self._around] += np.eye(len(around_s))
        rest = pool @ np.square(left).sum(axis=1)
        between = pool @ np.square(short - long).sum(axis=1)
        self._pool = pool.astype(np.float32)
        told = np.clip((rest - _LEAST_REST) / (_REST - _LEAST_REST), 0, 1)
        jitter = told * level.jitter * between / np.maximum(rest, _LEAST_REST)
        self._jitter = jitter.astype(np.float32)

    def __call__(
        self, values: Float32[Array, "m *value"], dims: int = 1
    ) -> Float32[Array, "k *value"]:
        """Smooth a column.

        Args:
            values: Of each row; any unit.
            dims: How many of the last dimensions are one thing that moves, and share a share.
        """
        split = values.ndim - dims
        flat = values.reshape(len(values), int(np.prod(values.shape[1:split])), -1)
        fitted = np.tensordot(self._short, flat, 1)
        calm = np.tensordot(self._long, flat, 1)
        detail, left = fitted - calm, flat[self._around] - fitted
        energy, noise = (self._pool @ np.square(part).sum(axis=2) for part in (detail, left))
        share = np.clip(1 - self._jitter[:, None] * noise / np.maximum(energy, 1e-30), 0, 1)
        shown = calm[self._wanted] + share[..., None] * detail[self._wanted]
        return shown.reshape(-1, *values.shape[1:])


def _falling(distance: Float64[Array, "k m"]) -> Float64[Array, "k m"]:
    return np.maximum(1 - distance**2, 0) ** 2


def _smooth_block(sequence: Sequence, rows: slice, level: Level) -> Sequence:
    times_s, reach_s = sequence.pts_s, 2 * level.long_s
    low = np.searchsorted(times_s, times_s[rows.start] - reach_s)
    high = np.searchsorted(times_s, times_s[rows.stop - 1] + reach_s, side="right")
    near = sequence[slice(int(low), int(high))]
    apply = _Filter(near.pts_s, times_s[rows], level)
    px_per_m, pelvis_px = crop_camera_to_image(near.camera, near.crop_px)
    crop_px = apply(near.crop_px)
    camera = image_to_crop_camera(
        np.exp(apply(np.log(px_per_m), dims=0)), apply(pelvis_px), crop_px
    )
    rotmat, betas = near.rotmat, near.betas
    return replace(
        sequence[rows],
        camera=camera,
        crop_px=crop_px,
        joint_tokens_m=apply(near.joint_tokens_m),
        coarse_m=apply(near.coarse_m),
        rotmat=None if rotmat is None else nearest_rotmat(apply(rotmat, dims=2)),
        betas=None if betas is None else apply(betas),
    )


def _concatenate(parts: list[Sequence]) -> Sequence:
    joined: dict[str, Any] = {}
    for field in fields(Sequence):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], Array):
            joined[field.name] = np.concatenate(values)
    return replace(parts[0], **joined)
