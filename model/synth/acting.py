"""Procedural motion for training: people who walk, stand, crouch and move their arms at will."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float64

from model.synth.gait import ease, put, walk, wave
from model.synth.skeleton import JOINT
from model.types import Array

# Least and greatest angles of easy movement, radians about x, y and z of the neutral stance, as
# for the left side.
_ARM = {
    "collar": ((-0.1, 0.1), (-0.15, 0.15), (-0.05, 0.2)),
    "shoulder": ((-2.4, 0.5), (-0.7, 0.9), (-0.1, 1.5)),
    "elbow": ((-2.2, -0.05), (-0.2, 0.2), (0.0, 0.0)),
    "wrist": ((-0.5, 0.4), (-0.6, 0.6), (-0.2, 0.2)),
}
_TRUNK = {
    "spine1": ((-0.05, 0.25), (-0.2, 0.2), (-0.12, 0.12)),
    "spine2": ((-0.05, 0.25), (-0.2, 0.2), (-0.12, 0.12)),
    "spine3": ((-0.05, 0.15), (-0.2, 0.2), (-0.1, 0.1)),
    "neck": ((-0.2, 0.3), (-0.4, 0.4), (-0.15, 0.15)),
    "head": ((-0.25, 0.3), (-0.5, 0.5), (-0.15, 0.15)),
}
_PACE = (0.75, 1.1)  # strides a second


def improvise(
    rng: np.random.Generator, frames: int, fps: float
) -> tuple[Float64[Array, "frames 24 3"], Float64[Array, "frames"]]:
    """Make up a motion: return anatomical angles and the heading, both in radians."""
    time_s = np.arange(frames) / fps
    walking = rng.random() < 0.5
    strides = time_s * rng.uniform(*_PACE) + rng.random()
    effort = rng.uniform(0.5, 1.15) if walking else 0.0
    angles = walk(strides, np.full(frames, effort))
    if not walking:
        _crouch(angles, rng, time_s)
    _wander(angles, rng, time_s, _TRUNK, "", 0.4 if walking else 1.0)
    for side in ("left", "right"):
        if rng.random() < (0.35 if walking else 0.75):
            _wander(angles, rng, time_s, _ARM, side, 1.0)
    if rng.random() < 0.1:
        wave(angles, rng.choice(["left", "right"]), np.ones(frames), np.sin(10 * time_s))
    turning = rng.normal(0, 0.5)  # radians a second
    return angles, turning * time_s


def _crouch(
    angles: Float64[Array, "frames 24 3"],
    rng: np.random.Generator,
    time_s: Float64[Array, "frames"],
) -> None:
    """Bend the knees by some depth, often none, the feet apart."""
    depth = _curve(rng, time_s, 0.0, 1.0) * (rng.random() < 0.5) * rng.uniform(0.2, 1.6)
    stance = rng.uniform(0.0, 0.3)
    put(angles, "pelvis", x=0.35 * depth, z=_curve(rng, time_s, -0.06, 0.06))
    for side, outward in (("left", 1), ("right", -1)):
        put(angles, f"{side}_hip", x=-1.15 * depth, z=outward * stance)
        put(angles, f"{side}_knee", x=1.5 * depth)
        put(angles, f"{side}_ankle", x=-0.6 * depth, z=-outward * stance)


def _wander(
    angles: Float64[Array, "frames 24 3"],
    rng: np.random.Generator,
    time_s: Float64[Array, "frames"],
    ranges: Mapping[str, tuple[tuple[float, float], ...]],
    side: str,
    amount: float,
) -> None:
    """Move joints about within their ranges; arms leave what they did, the trunk adds to it."""
    outward = -1 if side == "right" else 1
    for joint, (bend, twist, lean) in ranges.items():
        name = f"{side}_{joint}" if side else joint
        x, y, z = (amount * _curve(rng, time_s, *ends) for ends in (bend, twist, lean))
        if side:
            angles[:, JOINT[name]] = 0
        put(angles, name, x, outward * y, outward * z)


def _curve(
    rng: np.random.Generator, time_s: Float64[Array, "frames"], low: float, high: float
) -> Float64[Array, "frames"]:
    """Go from one value in a range to the next, resting at none, a second or so apart."""
    value = np.full(len(time_s), rng.uniform(low, high))
    start_s, end_s = -rng.uniform(0, 1.0), float(time_s[-1])
    while start_s < end_s:
        arrival_s = start_s + rng.uniform(0.5, 1.6)
        share = ease(time_s, start_s, arrival_s)
        value += share * (rng.uniform(low, high) - value[-1])
        start_s = arrival_s
    return value
