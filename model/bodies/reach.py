"""A posed skeleton bent until its joints are seen where a picture shows them.

Damped least squares (Wampler 1986) over small turns of the joints and the camera, a few rounds of
Gauss and Newton: where the body has a landmark of BlazePose's, it shall be drawn, the more the
better that is seen; these spots shall have the depth between the body's and the one that BlazePose
says; and turning costs.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32

from model.bodies.skinning import BODY_TO_CAMERA_AXES, Skinning
from model.rotations import rotvec_to_rotmat
from model.types import Array

STIFFNESS = 0.05
"""Of a joint: squared half sides of the crop that a squared radian costs."""

DEPTH = 1.0
"""Weight of a spot's depth against its place in the picture."""

SAID = 0.5
"""Share of what BlazePose says in the depth of a spot that it sees; the rest is the body's."""

FAR = 0.4
"""Half sides of the crop from which on a landmark is rather wrong than the spot."""

ROUNDS = 3

_SCALES = np.array([[0.5], [2]])  # of the camera's, at most
_VISIBILITY, _AWAY = 3, 6  # columns of a landmark

LANDMARKS: Mapping[str, int] = {
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_hip": 23,
    "right_hip": 24,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
}
"""Of BlazePose's 33, by our joint."""

_HIPS = [list(LANDMARKS).index(f"{side}_hip") for side in ("left", "right")]

JOINT_SHARES: Mapping[str, Mapping[str, float]] = {
    "shoulder": {"shoulder": 1.09, "elbow": -0.054, "hip": -0.077, "other hip": 0.041},
    "elbow": {"shoulder": 0.107, "elbow": 0.82, "wrist": 0.073},
    "wrist": {"elbow": -0.056, "wrist": 1.056},
    "hip": {
        "shoulder": 0.075,
        "other shoulder": -0.026,
        "hip": 0.673,
        "other hip": 0.145,
        "knee": 0.133,
    },
    "knee": {"hip": 0.081, "knee": 0.861, "ankle": 0.058},
    "ankle": {"knee": 0.088, "ankle": 0.912},
}
"""Where a landmark is, as a sum of joints: BlazePose's hips are lower than the joints, its
shoulders higher. Fitted to what its network is taught (`model.synth.landmark_points`), on captured
poses of the body `anny`; what is left is 9 to 34 mm, most of it at knees and hips."""

_COSTS: Mapping[str, float] = {
    "pelvis": 1,
    "left_hip": 0.5,
    "right_hip": 0.5,
    "left_knee": 0.2,
    "right_knee": 0.2,
    "spine1": 3,
    "spine3": 3,
    "left_collar": 5,
    "right_collar": 5,
    "left_shoulder": 0.15,
    "right_shoulder": 0.15,
    "left_elbow": 0.03,
    "right_elbow": 0.03,
}
"""Of turning a joint, in `STIFFNESS`: limbs give way sooner than the trunk, arms soonest.

The others are not turned.
"""


class Reach:
    """Bends skeletons, each frame's by itself.

    Args:
        skinning: Whose skeleton it is.
    """

    def __init__(self, skinning: Skinning) -> None:
        names = skinning.joint_names
        self._parents = skinning.parents
        self._shares = joint_shares(names)
        self._turned = [names.index(name) for name in _COSTS]
        below = _below(self._parents)[:, self._turned]  # [24,13]
        self._moved = self._shares[:, None] * below.T  # [12,13,24], what a turn moves of a spot
        self._costs = STIFFNESS * np.repeat(list(_COSTS.values()), 3)

    def __call__(
        self,
        bones_m: Float32[Array, "n 24 3"],
        turns: Float32[Array, "n 24 3 3"],
        camera: Float32[Array, "n 3"],
        landmarks: Float32[Array, "n 33 7"],
    ) -> tuple[Float32[Array, "n 24 3 3"], Float32[Array, "n 3"]]:
        """Return the turns and the camera that draw the spots nearer to the landmarks.

        Args:
            bones_m: Joints at rest, in the body frame.
            turns: Of each joint's part from its rest, in the body frame.
            camera: Weak-perspective (s, tx, ty), about the pelvis.
            landmarks: As `Evidence` has them.
        """
        seen = landmarks[:, list(LANDMARKS.values())]
        visible = np.clip(seen[..., _VISIBILITY, None], 0, 1) ** 2
        view = camera.astype(np.float64)
        turned = np.zeros((len(turns), len(self._costs)))
        wanted_m = _depths(self._shown(self._place(bones_m, turns))[..., 2], seen, visible)
        for _ in range(ROUNDS):
            places_m = self._place(bones_m, turns)
            shown_m, change = self._shown(places_m), self._change(places_m)
            scale, shift = view[:, None, :1], view[:, None, 1:]
            moved = shown_m[..., :2] + shift
            sight = np.concatenate(
                [scale[..., None] * change[:, :, :2], _of_camera(scale, moved)], axis=3
            )
            depth = np.pad(DEPTH * scale * change[:, :, 2], ((0, 0), (0, 0), (0, 3)))
            missed = seen[..., :2] - scale * moved
            trust = visible * _doubt(missed)
            missed *= trust
            left = DEPTH * scale[..., 0] * (wanted_m - shown_m[..., 2])
            step = _solve(sight, trust, missed, depth, left, self._costs, turned)
            turned += step[:, :-3]
            view += step[:, -3:]
            view[:, 0] = np.clip(view[:, 0], *(camera[:, 0] * _SCALES))
            turns = self._turn(turns, step[:, :-3])
        return turns, view.astype(np.float32)

    def _place(
        self, bones_m: Float32[Array, "n 24 3"], turns: Float32[Array, "n 24 3 3"]
    ) -> Float32[Array, "n 24 3"]:
        """Joints about the first one."""
        places_m = np.zeros_like(bones_m)
        for joint, parent in enumerate(self._parents[1:], start=1):
            bone_m = bones_m[:, joint] - bones_m[:, parent]
            places_m[:, joint] = (
                places_m[:, parent] + (turns[:, parent] @ bone_m[..., None])[..., 0]
            )
        return places_m

    def _shown(self, places_m: Float32[Array, "n 24 3"]) -> Float32[Array, "n 12 3"]:
        shown_m: Array = self._shares @ places_m @ BODY_TO_CAMERA_AXES
        return shown_m

    def _change(self, places_m: Float32[Array, "n 24 3"]) -> Float32[Array, "n 12 3 39"]:
        """How what is shown moves with the turn of each joint, in the body frame."""
        pivots_m = self._moved.sum(axis=2)[..., None] * places_m[:, None, self._turned]
        arms_m = (self._moved.reshape(-1, places_m.shape[1]) @ places_m).reshape(pivots_m.shape)
        arms_m = arms_m - pivots_m  # [n,12,13,3]
        x, y, z = np.moveaxis(arms_m, -1, 0)
        nought = np.zeros_like(x)
        rows = [[nought, z, -y], [-z, nought, x], [y, -x, nought]]  # of omega x arm
        change = np.stack([np.stack(row, axis=-1) for row in rows], axis=2)  # [n,12,3,13,3]
        change *= np.diag(BODY_TO_CAMERA_AXES)[:, None, None]
        return change.reshape(*change.shape[:3], -1)

    def _turn(self, turns: Float32[Array, "n 24 3 3"], step: Array) -> Float32[Array, "n 24 3 3"]:
        """Turn each joint, and with it all that hangs on it."""
        own = rotvec_to_rotmat(step.reshape(len(step), -1, 3).astype(np.float32))
        further = np.empty_like(turns)
        for joint, parent in enumerate(self._parents):
            carried = further[:, parent] if parent >= 0 else np.eye(3, dtype=np.float32)
            is_turned = joint in self._turned
            further[:, joint] = (
                own[:, self._turned.index(joint)] @ carried if is_turned else carried
            )
        turned: Array = further @ turns
        return turned


def _depths(
    own_m: Float32[Array, "n 12"], seen: Float32[Array, "n 12 7"], visible: Float32[Array, "n 12 1"]
) -> Float32[Array, "n 12"]:
    """Return where spots shall be, away from the camera; BlazePose speaks of depths about hips."""
    said_m = seen[..., _AWAY] - seen[:, _HIPS, _AWAY].mean(axis=1, keepdims=True)
    said_m += own_m[:, _HIPS].mean(axis=1, keepdims=True)
    wanted_m: Array = own_m + SAID * visible[..., 0] * (said_m - own_m)
    return wanted_m


def joint_shares(joint_names: Sequence[str]) -> Float32[Array, "12 joints"]:
    """Share of each joint in the place of each landmark."""
    shares = np.zeros((len(LANDMARKS), len(joint_names)), np.float32)
    for row, name in zip(shares, LANDMARKS, strict=True):
        side, part = name.split("_")
        other = "right" if side == "left" else "left"
        for joint, share in JOINT_SHARES[part].items():
            of_side = f"{other if joint.startswith('other ') else side}_{joint.split()[-1]}"
            row[joint_names.index(of_side)] = share
    return shares


def _below(parents: Array) -> Array:
    """Whether turning joint j moves joint k, bool [k, j]."""
    below = np.zeros((len(parents), len(parents)), bool)
    for joint, parent in enumerate(parents):
        if parent >= 0:
            below[joint] = below[parent]
            below[joint, parent] = True
    return below


def _doubt(missed: Array) -> Array:
    """Weight of landmarks by how far they are missed (Geman and McClure 1987), [n,12,1]."""
    squares = (missed**2).sum(axis=2, keepdims=True) / FAR**2
    weight: Array = 1 / (1 + squares) ** 2
    return weight


def _of_camera(scale: Array, moved: Array) -> Array:
    """How places in the picture [n,12,2] move with (s, tx, ty)."""
    of_shift = np.broadcast_to(scale[..., None] * np.eye(2), (*moved.shape, 2))
    return np.concatenate([moved[..., None], of_shift], axis=3)


def _solve(
    sight: Array,
    trust: Array,
    missed: Array,
    depth: Array,
    left: Array,
    costs: Array,
    turned: Array,
) -> Array:
    """Solve the normal equations of one round for the turns and the camera, [n,42]."""
    n, unknowns = len(sight), sight.shape[-1]
    across = sight.reshape(n, -1, unknowns).swapaxes(1, 2)
    squares = across @ (trust[..., None] * sight).reshape(n, -1, unknowns)
    squares += depth.swapaxes(1, 2) @ depth
    squares += np.diag(np.concatenate([costs, np.full(3, 1e-6)]))
    wanted = across @ missed.reshape(n, -1, 1) + depth.swapaxes(1, 2) @ left[..., None]
    wanted[:, :-3, 0] -= costs * turned
    step: Array = np.linalg.solve(squares, wanted)[..., 0]
    return step
