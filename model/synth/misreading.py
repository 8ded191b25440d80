"""How BlazePose errs: true landmarks in, what it might have said out.

The sizes are those of its errors on 1,100 rendered pictures of dressed people, in clips of 8. Most
of an error stays the same through a clip. Limbs that are hidden are guessed, and it knows.
"""

import numpy as np
from jaxtyping import Float32

from model.synth.landmark_points import LANDMARK
from model.types import WINDOW, Array

DEPTH_STRETCH = 2.6  # BlazePose's depths, against those to scale
_LIMBS = tuple(
    [LANDMARK[f"{side}_{name}"] for name in names]
    for names in (
        ("elbow", "wrist", "pinky", "index", "thumb"),
        ("wrist", "pinky", "index", "thumb"),
        ("knee", "ankle", "heel", "foot_index"),
        ("ankle", "heel", "foot_index"),
    )
    for side in ("left", "right")
)
_ARMS, _LEGS = (0, 1), (4, 5)  # of the limbs, left and right
_FAR = 0.25  # of the crop's half side; how much farther than its twin a limb is that hides
_HIDDEN_FAR, _HIDDEN = 0.3, 0.05  # chances, of the far limb and of others
_SWAPPED = 0.03  # chance that left and right are taken for each other
_STEADINESS = 0.35  # of what changes from frame to frame, correlation with the frame before
_SIZE, _LEAN_RAD = 0.1, 0.15  # of the places in metres: how much too large, how far leaning
_OFF_M = np.array([0.03, 0.03, 0.05])  # from where a landmark is
_SHAKE_M = np.array([0.008, 0.008, 0.015])  # from frame to frame
_HIPS = [LANDMARK["left_hip"], LANDMARK["right_hip"]]


def misread(
    rng: np.random.Generator, landmarks: Float32[Array, "8 33 6"]
) -> Float32[Array, "8 33 7"]:
    """Return one clip as BlazePose might have seen it.

    Args:
        rng: Draws the errors.
        landmarks: True x and y over the crop, -1 to 1, depth relative to the hips to scale, and
            the place about the hips in metres.
    """
    unsure = _hide(rng, landmarks)  # [33], 0 or 1
    seen = _swap(rng, landmarks)
    world_m = _misplace(rng, seen[..., 3:], unsure)
    steps = _wander(rng, 3)
    flat = (0.022 + 0.1 * unsure) * rng.standard_t(3, (33, 2)).T / 1.7
    shaken = (0.010 + 0.035 * unsure) * steps[:2]
    place = seen[..., :2] * (1 + rng.normal(0, 0.015)) + rng.normal(0, 0.012, 2)
    place = place + np.moveaxis(flat[:, None] + shaken, 0, -1)
    stretch = DEPTH_STRETCH * np.exp(rng.normal(0, 0.2))
    lean = rng.normal(0, 0.35) * (seen[..., 1] - seen[:, _HIPS, 1].mean(axis=1, keepdims=True))
    depth = stretch * seen[..., 2] + lean
    depth = depth + (0.28 + 0.4 * unsure) * rng.normal(0, 1, 33) + (0.1 + 0.2 * unsure) * steps[2]
    sure = 1 - np.abs(rng.normal(0, 0.04, (WINDOW, 33)))
    visibility = np.where(unsure > 0, rng.uniform(0, 0.8, 33) + 0.05 * steps[0], sure)
    columns = [place, depth[..., None], visibility.clip(0, 1)[..., None], world_m]
    return np.concatenate(columns, axis=2).astype(np.float32)


def _misplace(
    rng: np.random.Generator, world_m: Float32[Array, "8 33 3"], unsure: Float32[Array, "33"]
) -> Float32[Array, "8 33 3"]:
    """Guess at places in metres: of a wrong size, leaning, each landmark a little off."""
    lean = rng.normal(0, _LEAN_RAD)
    cos, sin = np.cos(lean), np.sin(lean)
    turn = np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])
    off = (_OFF_M + np.outer(unsure, 2 * _OFF_M)) * rng.normal(0, 1, (33, 3))
    shake = _SHAKE_M * np.moveaxis(_wander(rng, 3), 0, -1) * (1 + 2 * unsure[:, None])
    read_m = np.exp(rng.normal(0, _SIZE)) * world_m @ turn + off + shake
    return read_m.astype(np.float32)


def _hide(rng: np.random.Generator, landmarks: Float32[Array, "8 33 6"]) -> Float32[Array, "33"]:
    """Choose limbs that something hides; often it is the person who stands before them."""
    unsure = np.zeros(33, np.float32)
    for index, limb in enumerate(_LIMBS):
        twin = _LIMBS[index ^ 1]
        behind = landmarks[:, limb, 2].mean() - landmarks[:, twin, 2].mean()
        if rng.random() < (_HIDDEN_FAR if behind > _FAR else _HIDDEN):
            unsure[limb] = 1
    return unsure


def _swap(
    rng: np.random.Generator, landmarks: Float32[Array, "8 33 6"]
) -> Float32[Array, "8 33 6"]:
    """Take left for right, from some frame on."""
    seen = landmarks.copy()
    for left, right in (_ARMS, _LEGS):
        if rng.random() < _SWAPPED:
            start = int(rng.integers(WINDOW))
            both, other = [*_LIMBS[left], *_LIMBS[right]], [*_LIMBS[right], *_LIMBS[left]]
            seen[start:, both] = landmarks[start:, other]
    return seen


def _wander(rng: np.random.Generator, channels: int) -> Float32[Array, "channels 8 33"]:
    """Draw noise of unit size that remembers the frame before."""
    noise = rng.normal(0, 1, (channels, WINDOW, 33)).astype(np.float32)
    for frame in range(1, WINDOW):
        noise[:, frame] *= np.sqrt(1 - _STEADINESS**2)
        noise[:, frame] += _STEADINESS * noise[:, frame - 1]
    return noise
