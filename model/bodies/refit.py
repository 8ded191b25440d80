"""The body of `anny` that comes nearest to coarse vertices which a network placed one by one.

A network that is unsure of a limb answers the mean of what it may be, and a mean of arms is no arm:
too thin, or torn where its neighbours were surer. Here every part of the skeleton is turned as the
vertices around it say (Kabsch 1976), limbs exactly along their bones, and a shape is found;
linear blend skinning then gives a whole body in that pose. What vertices say of turns
about a thin limb's own axis is mostly noise, so each part is drawn a little toward its parent.
"""

from dataclasses import replace
from functools import cache

import numpy as np
from jaxtyping import Float32

from model.bodies.body import Body
from model.bodies.body_file import load_body
from model.bodies.reach import Reach
from model.bodies.skinning import Skinning, load_anny
from model.types import Array, Estimate, Evidence
from model.upsample import Upsampling

PARENT = 0.3
"""Weight of the parent's rotation against what a part's own vertices say."""

RIDGE = 5.0
"""m^2; what a shape of one standard deviation costs, against squared distances of all vertices.

Who is unsure of limbs answers their mean, which is short: little of a small body is its shape.
"""

_AXES = np.array([1, -1, -1], np.float32)  # between body and camera, both ways
_LEAST_WEIGHT = 0.05  # of a joint in a vertex that has a say

_LIMBS = (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
_H36M = {
    name: index
    for index, name in enumerate(
        (
            *("pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee"),
            *("left_ankle", "torso", "neck", "nose", "head", "left_shoulder", "left_elbow"),
            *("left_wrist", "right_shoulder", "right_elbow", "right_wrist"),
        )
    )
}


class BodyFit:
    """Replaces coarse vertices by those of a whole body.

    Args:
        skinning: Of the coarse vertices.
        joints: Human3.6M's joints as weighted sums of coarse vertices.
    """

    def __init__(self, skinning: Skinning, joints: Float32[Array, "17 431"]) -> None:
        self._skinning = skinning
        self._joints = joints
        rest, bones = skinning.vertices_m[..., None], skinning.joints_m[..., None]
        self._points = np.concatenate([rest, skinning.shape_directions_m], axis=2)  # [431,3,11]
        self._bones = np.concatenate([bones, skinning.joint_directions_m], axis=2)  # [24,3,11]
        self._limbs = dict(_limbs(skinning.joint_names))
        self._reach = Reach(skinning)
        self._parts = [_part(skinning, joint) for joint in range(len(skinning.parents))]

    def __call__(self, estimate: Estimate, seen: Evidence | None = None) -> Estimate:
        """Return the same with fitted vertices, and the camera that draws their joints in place.

        Args:
            estimate: Of any frames; each is fitted by itself.
            seen: Landmarks to which the limbs are bent; the camera then follows these.
        """
        turns, shape, coarse_m = self._fit(estimate.coarse_m)
        old_m, new_m = (self._joints @ m for m in (estimate.coarse_m, coarse_m))
        old, new = ((m - m[:, :1])[..., :2] for m in (old_m, new_m))  # about the pelvis
        places = estimate.camera[:, None, :1] * (old + estimate.camera[:, None, 1:])
        camera = _fit_cameras(new, places)
        if seen is not None:
            bones_m = _shaped(self._bones, shape)
            turns, camera = self._reach(bones_m, turns, camera, seen.landmarks)
            bent_m = _shaped(self._pose(turns), shape) * _AXES
            shift_m = new_m[:, :1] - self._joints[:1] @ bent_m
            coarse_m = (bent_m + shift_m).astype(np.float32)
        return replace(estimate, camera=camera, coarse_m=coarse_m)

    def fit(self, coarse_m: Float32[Array, "n 431 3"]) -> Float32[Array, "n 431 3"]:
        """Return the fitted vertices, in the camera frame as the given ones are.

        Args:
            coarse_m: Of any frames; each is fitted by itself.
        """
        return self._fit(coarse_m)[2]

    def _fit(
        self, coarse_m: Float32[Array, "n 431 3"]
    ) -> tuple[Float32[Array, "n 24 3 3"], Float32[Array, "n 11"], Float32[Array, "n 431 3"]]:
        """Turns of the parts, shape, and the vertices that these give."""
        given_m = coarse_m * _AXES
        turns = self._turns(given_m)
        columns = self._pose(turns)  # [n,431,3,11]
        columns -= columns.mean(axis=1, keepdims=True)
        middle_m = given_m.mean(axis=1, keepdims=True)
        shape = _fit_shapes(columns, given_m - middle_m)
        fitted_m = _shaped(columns, shape) + middle_m
        return turns, shape, np.ascontiguousarray(fitted_m * _AXES, np.float32)

    def _turns(self, given_m: Float32[Array, "n 431 3"]) -> Float32[Array, "n 24 3 3"]:
        """How each joint's part is turned from its rest."""
        joints_m = self._joints @ given_m  # [n,17,3]
        turns = np.empty((len(given_m), len(self._parts), 3, 3), np.float32)
        for joint, (vertices, moments) in enumerate(self._parts):
            spread = given_m[:, vertices].swapaxes(1, 2) @ moments  # [n,3,3]
            parent = self._skinning.parents[joint]
            if parent >= 0:
                rest_m = self._points[vertices, :, 0]
                spread = spread + PARENT * turns[:, parent] @ (rest_m.T @ moments)
            turns[:, joint] = _nearest_rotations(spread)
            if joint in self._limbs:
                start, end, child = self._limbs[joint]
                bone_m = self._bones[child, :, 0] - self._bones[joint, :, 0]
                along = turns[:, joint] @ bone_m, joints_m[:, end] - joints_m[:, start]
                turns[:, joint] = _least_turns(*along) @ turns[:, joint]
        return turns

    def _pose(self, turns: Float32[Array, "n 24 3 3"]) -> Float32[Array, "n 431 3 11"]:
        """Vertices in that pose: of the mean shape, and their change with each component."""
        placed = np.zeros((len(turns), *self._bones.shape), np.float32)
        for joint, parent in enumerate(self._skinning.parents[1:], start=1):
            bone = self._bones[joint] - self._bones[parent]
            placed[:, joint] = placed[:, parent] + turns[:, parent] @ bone
        offsets = placed - turns @ self._bones  # [n,24,3,11]
        weights = self._skinning.weights
        blended = (weights @ turns.reshape(-1, 24, 9)).reshape(len(turns), -1, 3, 3)
        moved = (weights @ offsets.reshape(len(turns), 24, -1)).reshape(len(turns), -1, 3, 11)
        posed: Array = blended @ self._points + moved
        return posed


@cache
def load_fit() -> BodyFit:
    """Return the fit of the built-in body."""
    anny, body = load_anny(), load_body("anny")
    coarse = anny.full_to_fine[body.fine_to_intermediate[body.intermediate_to_coarse]]
    return BodyFit(anny.skinning.select(coarse), _regress_from_coarse(body))


def _regress_from_coarse(body: Body) -> Float32[Array, "17 431"]:
    """Human3.6M's joints of the mesh that the body's own layers make of coarse vertices."""
    assert body.coarse_to_intermediate is not None, f"body '{body.name}' has no fitted layer"
    up = Upsampling.from_layers(body.coarse_to_intermediate, np.zeros(1723, np.float32), body)
    units = np.eye(431, dtype=np.float32)[:, :, None].repeat(3, axis=2)
    return np.stack([body.joint_regressor @ up(unit[None])[0, :, 0] for unit in units], axis=1)


def _limbs(names: tuple[str, ...]) -> list[tuple[int, tuple[int, int, int]]]:
    """For each limb its joint, and where its bone starts and ends, and the joint at its end."""
    found = []
    for side in ("left", "right"):
        for start, end in _LIMBS:
            a, b = f"{side}_{start}", f"{side}_{end}"
            found.append((names.index(a), (_H36M[a], _H36M[b], names.index(b))))
    return found


def _part(skinning: Skinning, joint: int) -> tuple[Array, Float32[Array, "part 3"]]:
    """Vertices that a joint moves, and weighted rest positions about their mean.

    What is given needs no mean removed, for these sum to zero.
    """
    weights = skinning.weights[:, joint]
    vertices = np.flatnonzero(weights > _LEAST_WEIGHT)
    weights, rest_m = weights[vertices, None], skinning.vertices_m[vertices]
    return vertices, weights * (rest_m - (weights * rest_m).sum(axis=0) / weights.sum())


def _nearest_rotations(spread: Float32[Array, "n 3 3"]) -> Float32[Array, "n 3 3"]:
    left, _, right = np.linalg.svd(spread)
    left[..., 2] *= np.linalg.det(left @ right)[:, None]  # no mirror
    turns: Array = left @ right
    return turns


def _least_turns(old: Float32[Array, "n 3"], new: Float32[Array, "n 3"]) -> Float32[Array, "n 3 3"]:
    """Turn each direction to another by the shortest way (Rodrigues)."""
    old, new = (v / np.maximum(np.linalg.norm(v, axis=1, keepdims=True), 1e-6) for v in (old, new))
    x, y, z = np.cross(old, new).T
    nought = np.zeros_like(x)
    cross = np.stack([nought, -z, y, z, nought, -x, -y, x, nought], axis=1).reshape(-1, 3, 3)
    cosine = np.maximum((old * new).sum(axis=1), -0.99)[:, None, None]  # half turns have no way
    turns: Array = np.eye(3, dtype=np.float32) + cross + cross @ cross / (1 + cosine)
    return turns


def _shaped(
    columns: Float32[Array, "*n points 3 11"], shape: Float32[Array, "n 11"]
) -> Float32[Array, "n points 3"]:
    """Points of bodies of these shapes."""
    points_m: Array = (columns @ shape[:, None, :, None])[..., 0]
    return points_m


def _fit_cameras(
    points_m: Float32[Array, "n 17 2"], places: Float32[Array, "n 17 2"]
) -> Float32[Array, "n 3"]:
    """Return the (s, tx, ty) that come nearest to drawing points at these places."""
    middle_m, middle = points_m.mean(axis=1, keepdims=True), places.mean(axis=1, keepdims=True)
    about_m = points_m - middle_m
    squares = np.maximum((about_m**2).sum(axis=(1, 2)), 1e-6)
    scale = np.maximum((about_m * (places - middle)).sum(axis=(1, 2)) / squares, 1e-3)[:, None]
    shift = middle[:, 0] / scale - middle_m[:, 0]
    return np.concatenate([scale, shift], axis=1).astype(np.float32)


def _fit_shapes(
    columns: Float32[Array, "n 431 3 11"], given_m: Float32[Array, "n 431 3"]
) -> Float32[Array, "n 11"]:
    """Ridge regression; the first entry of each row is 1, the others are the shape.

    A shape that holds for a window would jump where the next begins.
    """
    rows = columns.reshape(len(columns), -1, columns.shape[-1])
    missing = given_m.reshape(len(given_m), -1, 1) - rows[..., :1]
    directions = rows[..., 1:]
    across = directions.swapaxes(1, 2)
    squares = across @ directions + RIDGE * np.eye(directions.shape[-1], dtype=np.float32)
    betas = np.linalg.solve(squares, across @ missing)[..., 0]  # [n,10]
    ones = np.ones((len(betas), 1), np.float32)
    return np.concatenate([ones, betas], axis=1).astype(np.float32)
