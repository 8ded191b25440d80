"""Motion to animate people with: captured where the user has some, improvised where not.

Body frame: x to the person's left, y up, z to the front; the first joint's rotation and the path
are those of the body in a world with the same axes, so gravity is along -y.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from model.bodies.npz import read_npz
from model.bodies.skinning import load_anny
from model.errors import InputError
from model.rotations import rotmat_to_rotvec, rotvec_to_rotmat, slerp_rotmat
from model.synth.acting import improvise
from model.synth.footing import walk_over_floor
from model.synth.skeleton import MIRRORED, angles_to_rotvec
from model.types import WINDOW, Array

MAX_NOISE_RAD = 0.08
"""Most by which a joint is turned away from a captured pose; more looks broken."""

MAX_ACCELERATION_M_PER_S2 = 400.0
"""Of a joint about the pelvis; kicks and punches stay below 300."""

_TRIES = 100
_CAPTURE_FPS = 30.0
_NO_SHAPE = np.zeros(10, np.float32)


@dataclass(frozen=True, eq=False)
class Motion:
    """A stretch of movement of one person.

    Attributes:
        name: Decides by `held_out` which side of the split it is on.
        fps: Frames a second.
        rotvec: Joint rotations as `Skinning.pose` takes them.
        path_m: The pelvis.
    """

    name: str
    fps: float
    rotvec: Float32[Array, "frames 24 3"]
    path_m: Float32[Array, "frames 3"]

    @cached_property
    def jumps(self) -> Int64[Array, "n"]:
        """Frames where the capture fails: some joint is thrown about as no muscle could.

        Angles that wrap around turn whole bodies upside down from one frame to the next.
        """
        one = load_anny().skinning.select(np.zeros(1, np.int32))
        betas = np.repeat(_NO_SHAPE[None], len(self.rotvec), axis=0)
        _, joints_m = one.pose(betas, self.rotvec)
        about_m = joints_m - joints_m[:, :1]
        thrown = np.linalg.norm(np.diff(about_m, 2, axis=0), axis=2) * self.fps**2
        return np.flatnonzero((thrown > MAX_ACCELERATION_M_PER_S2).any(axis=1)) + 1

    def holds_jump(self, first: float, last: float) -> bool:
        """Whether the capture fails between these frames."""
        return bool(((self.jumps > first - 1) & (self.jumps < last + 1)).any())


def read_motions(path: Path) -> list[Motion]:
    """Read captured motion.

    Args:
        path: NPZ with `names` [k], `lengths` [k], and frame after frame of all takes, 30 a second:
            `rotvec` [n,24,3], radians, and `trans` [n,3], metres, y up.

    Raises:
        InputError: `bad_motion`.
    """
    try:
        arrays = read_npz(path, ("names", "lengths", "rotvec", "trans"))
        names, ends = arrays["names"].tolist(), np.cumsum(arrays["lengths"])
        rotvec, path_m = arrays["rotvec"].astype(np.float32), arrays["trans"].astype(np.float32)
        if rotvec.shape != (ends[-1], 24, 3) or path_m.shape != (ends[-1], 3):
            raise ValueError(f"rotvec is {rotvec.shape} and trans {path_m.shape}")
        if not (np.isfinite(rotvec).all() and np.isfinite(path_m).all()):
            raise ValueError("holds values that are not finite")
    except (OSError, ValueError, KeyError, IndexError) as error:
        raise InputError(
            "bad_motion", f"{path}: {error}; expected names, lengths, rotvec and trans"
        ) from error
    takes = zip(names, np.split(rotvec, ends[:-1]), np.split(path_m, ends[:-1]), strict=True)
    return [Motion(str(n), _CAPTURE_FPS, r, p) for n, r, p in takes if len(r) > 2 * WINDOW]


def improvise_motions(count: int, seed: int, duration_s: float = 3.0) -> list[Motion]:
    """Make up motions, by the rules of `model.synth.acting`, the same for the same seed."""
    body = load_anny().skinning
    motions = []
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        angles, heading = improvise(rng, round(duration_s * _CAPTURE_FPS), _CAPTURE_FPS)
        rotvec = angles_to_rotvec(angles, heading, body.joints_m)
        path_m = walk_over_floor(body, _NO_SHAPE, rotvec)
        name = f"improvised_{seed}_{index}"
        motions.append(Motion(name, _CAPTURE_FPS, rotvec, path_m))
    return motions


def draw_motion(motions: Sequence[Motion], rng: np.random.Generator) -> Motion:
    """Choose one, a long take more often, by the square root of its length."""
    weights = np.sqrt([len(motion.rotvec) for motion in motions])
    return motions[int(rng.choice(len(motions), p=weights / weights.sum()))]


def excerpt(
    motion: Motion, rng: np.random.Generator, fps: float, frames: int, speed: float = 1.0
) -> tuple[Float32[Array, "frames 24 3"], Float32[Array, "frames 3"]]:
    """Cut a clip out of a motion as it is, perhaps mirrored; a take that is short is slowed down.

    Where the capture fails, nothing is cut out if it can be helped.

    Args:
        motion: At least 3 frames long.
        rng: Draws which part.
        fps: Of the clip.
        frames: Of the clip.
        speed: How much faster than it was captured.

    Returns:
        Joint rotations and the path of the pelvis.
    """
    step = min(speed * motion.fps / fps, (len(motion.rotvec) - 2) / frames)
    lasts = step * (frames - 1)
    for _ in range(_TRIES):
        start = rng.uniform(0, len(motion.rotvec) - 1 - lasts)
        if not motion.holds_jump(start, start + lasts):
            break
    times = start + step * np.arange(frames)
    rotvec, path_m = _sample(motion, times)
    if rng.random() < 0.5:
        rotvec, path_m = mirror(rotvec, path_m)
    return rotvec, path_m


def vary(
    motion: Motion, rng: np.random.Generator, fps: float, frames: int = WINDOW
) -> tuple[Float32[Array, "frames 24 3"], Float32[Array, "frames 3"]]:
    """Cut a clip out of a motion: other speed, perhaps mirrored, each joint turned a little.

    Args:
        motion: At least `frames` long.
        rng: Draws what is cut and how.
        fps: Of the clip.
        frames: Of the clip.

    Returns:
        Joint rotations and the path of the pelvis.
    """
    speed = float(np.clip(np.exp(rng.normal(0, 0.15)), 0.7, 1.4))
    rotvec, path_m = excerpt(motion, rng, fps, frames, speed)
    turns = rng.normal(0, rng.choice([0.01, 0.03]), (23, 3)).astype(np.float32)
    size = np.linalg.norm(turns, axis=1, keepdims=True)
    rotvec[:, 1:] += turns * np.minimum(1, MAX_NOISE_RAD / np.maximum(size, 1e-9))
    return rotvec, path_m


def mirror(
    rotvec: Float32[Array, "frames 24 3"], path_m: Float32[Array, "frames 3"]
) -> tuple[Float32[Array, "frames 24 3"], Float32[Array, "frames 3"]]:
    """Swap left and right: the motion as a mirror facing the person shows it."""
    swapped = rotvec[:, list(MIRRORED)] * np.array([1, -1, -1], np.float32)
    return swapped, path_m * np.array([-1, 1, 1], np.float32)


def _sample(
    motion: Motion, times: Array
) -> tuple[Float32[Array, "frames 24 3"], Float32[Array, "frames 3"]]:
    """Read a motion between its frames."""
    before = np.minimum(times.astype(int), len(motion.rotvec) - 2)
    share = times - before
    start, end = (rotvec_to_rotmat(motion.rotvec[rows]) for rows in (before, before + 1))
    rotvec = rotmat_to_rotvec(slerp_rotmat(start, end, np.repeat(share[:, None], 24, axis=1)))
    steps_m = motion.path_m[before + 1] - motion.path_m[before]
    path_m = motion.path_m[before] + share[:, None] * steps_m
    return rotvec, path_m.astype(np.float32)
