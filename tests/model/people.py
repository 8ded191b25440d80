"""Made-up input of assembly and smoothing: crops, network output, motions of known shape."""

import numpy as np

from model.bodies import load_body
from model.clips import Clip
from model.rotations import unitquat_to_rotmat
from model.types import Crop, Estimate, Observation, Sequence


def make_crop(track_id: int, frame: int, *, fps: float = 30.0, score: float = 0.9) -> Crop:
    """A grey crop; its square moves a pixel a frame."""
    square = np.array([100 + frame, 50, 500 + frame, 450], np.float32)
    observation = Observation(track_id, frame, frame / fps, square, score)
    return Crop(observation, np.full((224, 224, 3), 127, np.uint8), np.eye(2, 3))


def random_rotmats(seed: int, *shape: int) -> np.ndarray:
    quats = np.random.default_rng(seed).normal(size=(*shape, 4))
    quats /= np.linalg.norm(quats, axis=-1, keepdims=True)
    return unitquat_to_rotmat(quats).astype(np.float32)


def answer(clip: Clip, *, regressor: bool = False) -> Estimate:
    """Numbers that depend on person and frame alone, as a network would give for `clip`."""
    keys = [o.track_id * 10_000 + o.frame_index for o in clip.observations]
    rows = [np.random.default_rng(key).normal(0, 0.3, (446, 3)).astype(np.float32) for key in keys]
    values = np.stack(rows)
    return Estimate(
        camera=np.float32([0.9, 0, 0]) + values[:, 0] / 10,
        joints_m=values[:, 1:15],
        coarse_m=values[:, 15:],
        rotmat=np.stack([random_rotmats(k, 24) for k in keys]) if regressor else None,
        betas=np.ones((len(keys), 10), np.float32) if regressor else None,
    )


def make_sequence(times_s: np.ndarray, *, sway_m: float = 0.0, sway_hz: float = 1.0) -> Sequence:
    """The built-in body at rest, all of it swaying sideways, before a camera that looks on."""
    rest_m = load_body("anny").rest_coarse_m
    assert rest_m is not None
    count = len(times_s)
    sway = sway_m * np.sin(2 * np.pi * sway_hz * times_s)
    coarse_m = rest_m + sway[:, None, None] * np.array([1, 0, 0])
    return Sequence(
        track_id=1,
        frame_index=np.arange(count, dtype=np.int32),
        pts_s=np.asarray(times_s, np.float64),
        camera=np.tile(np.float32([0.9, 0.05, -0.02]), (count, 1)),
        joint_tokens_m=coarse_m[:, :14].astype(np.float32),
        coarse_m=coarse_m.astype(np.float32),
        crop_px=np.tile(np.float32([700, 100, 1100, 500]), (count, 1)),
        score=np.full(count, 0.9, np.float32),
        observed=np.ones(count, bool),
    )
