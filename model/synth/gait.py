"""Walking, standing and waving as anatomical angles over time, without any captured data.

Angles are those of `model.synth.skeleton`: radians about x, y and z of the neutral stance.
"""

import numpy as np
from jaxtyping import Float64

from model.synth.skeleton import JOINT
from model.types import Array

# Joint angles over one stride, from heel strike to heel strike, degrees at even twentieths:
# level walking of healthy adults (after Winter 1991), rounded.
_HIP = (30, 29, 26, 20, 14, 8, 2, -4, -8, -10, -9, -4, 5, 16, 25, 31, 34, 34, 32, 30)
_KNEE = (5, 11, 17, 18, 15, 11, 8, 6, 5, 8, 16, 30, 47, 58, 60, 53, 38, 21, 8, 4)
_ANKLE = (0, -5, -5, -1, 2, 4, 6, 8, 9, 9, 3, -9, -17, -13, -5, 0, 2, 2, 1, 0)
_HARMONICS = 5


def walk(
    phase: Float64[Array, "frames"], effort: Float64[Array, "frames"]
) -> Float64[Array, "frames 24 3"]:
    """Return the angles of a walk.

    Args:
        phase: Strides since the left heel struck; 0.5 is the right heel's.
        effort: Length of the steps; 1 is a natural walk, 0 standing still.
    """
    angles = np.zeros((len(phase), 24, 3))
    for side, offset, outward in (("left", 0.0, 1), ("right", 0.5, -1)):
        own = phase + offset
        bend = {name: cycle(table, own) for name, table in _TABLES.items()}
        put(angles, f"{side}_hip", x=-bend["hip"] * effort, z=-outward * 0.045)
        put(angles, f"{side}_knee", x=0.04 + bend["knee"] * effort)
        put(angles, f"{side}_ankle", x=-0.02 - bend["ankle"] * effort, y=outward * 0.1)
        toe_off = np.exp(-(((own % 1) - 0.58) ** 2) / 0.004)
        put(angles, f"{side}_foot", x=-0.45 * toe_off * effort)
        swing = np.cos(2 * np.pi * (own + 0.47)) * effort  # forward with the other leg
        put(angles, f"{side}_shoulder", x=0.02 - 0.36 * swing, z=outward * 0.12, y=-outward * 0.1)
        put(angles, f"{side}_elbow", x=-0.28 - effort * (0.1 + 0.14 * swing))
        put(angles, f"{side}_wrist", x=-0.1, y=outward * 0.15)
    sway = 2 * np.pi * phase
    put(
        angles,
        "pelvis",
        x=0.03 * effort,
        y=-0.07 * np.cos(sway) * effort,
        z=0.05 * np.sin(sway + 0.3) * effort,
    )
    for name in ("spine1", "spine2", "spine3"):
        put(
            angles,
            name,
            x=0.012 * effort,
            y=0.06 * np.cos(sway) * effort,
            z=-0.018 * np.sin(sway + 0.3) * effort,
        )
    put(angles, "head", y=-0.06 * np.cos(sway) * effort, x=-0.04 + 0.02 * np.cos(2 * sway) * effort)
    return angles


def wave(
    angles: Float64[Array, "frames 24 3"],
    side: str,
    amount: Float64[Array, "frames"],
    swing: Float64[Array, "frames"],
) -> None:
    """Raise a hand beside the head and wave, over what `angles` holds already.

    Args:
        angles: Changed in place.
        side: `left` or `right`.
        amount: 0 leaves the pose as it is, 1 is the hand up.
        swing: Sine of the waving, -1 to 1.
    """
    outward = 1 if side == "left" else -1
    goal = {
        "collar": (0.0, 0.0, outward * 0.18),
        "shoulder": (-0.35, outward * 1.25, outward * 1.05),
        "elbow": (-1.75, 0.0, 0.0),
        "wrist": (0.0, outward * 0.3, 0.0),
    }
    for joint, turn in goal.items():
        row = angles[:, JOINT[f"{side}_{joint}"]]
        row += amount[:, None] * (np.array(turn) - row)
    put(angles, f"{side}_elbow", x=0.34 * swing * amount)
    put(angles, f"{side}_shoulder", z=0.06 * outward * swing * amount)
    put(angles, f"{side}_wrist", z=0.15 * outward * swing * amount)
    for name in ("spine2", "spine3"):
        put(angles, name, z=0.04 * outward * amount)


def put(
    angles: Float64[Array, "frames 24 3"],
    joint: str,
    x: Float64[Array, "frames"] | float = 0.0,
    y: Float64[Array, "frames"] | float = 0.0,
    z: Float64[Array, "frames"] | float = 0.0,
) -> None:
    """Add to the angles of one joint, in place."""
    for axis, value in enumerate((x, y, z)):
        angles[:, JOINT[joint], axis] += value


def cycle(table: tuple[int, ...], phase: Float64[Array, "frames"]) -> Float64[Array, "frames"]:
    """Read a periodic table of degrees at phases in turns: smooth, in radians."""
    waves = np.fft.rfft(np.radians(table))[: _HARMONICS + 1] / len(table)
    waves[1:] *= 2
    turns = np.exp(2j * np.pi * np.outer(phase, np.arange(_HARMONICS + 1)))
    return np.asarray((turns @ waves).real)


def ease(
    time_s: Float64[Array, "frames"], start_s: float, end_s: float
) -> Float64[Array, "frames"]:
    """Rise smoothly from 0 at `start_s` to 1 at `end_s`."""
    part = np.clip((time_s - start_s) / (end_s - start_s), 0, 1)
    return part**3 * (10 - 15 * part + 6 * part**2)


_TABLES = {"hip": _HIP, "knee": _KNEE, "ankle": _ANKLE}
