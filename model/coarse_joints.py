"""Where a person's joints are, without computing their fine mesh: coarse vertices are enough.

Joints are sums of fine vertices, and those an affine function of the coarse ones, so both fold into
a map of 17 rows. It says what `Reconstruction.mesh_of` says, but for rounding, for 1/400 of the
products.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from model.bodies import Body
from model.camera import project_weak, translations_m, view_rotmats
from model.types import H36M_TO_J14, Array, Sequence
from model.upsample import Upsampling


@dataclass(frozen=True, eq=False)
class Placement:
    """Where a person is in k frames; the fields are those of `Mesh`.

    Attributes:
        pelvis_m: Of the mesh, in the raw axes of `coarse_m`: what is taken from every fine vertex.
        joints3d_m: J14 about it.
        joints2d_px: The same in the full image.
        translation_m: The pelvis in the camera frame.
        view_rotmat: Turns the crop camera's axes into the camera frame's.
    """

    pelvis_m: Float32[Array, "k 3"]
    joints3d_m: Float32[Array, "k 14 3"]
    joints2d_px: Float32[Array, "k 14 2"]
    translation_m: Float32[Array, "k 3"]
    view_rotmat: Float32[Array, "k 3 3"]


@dataclass(frozen=True, eq=False)
class CoarseJoints:
    """Human3.6M's 17 joints of a body as an affine function of its coarse vertices.

    Attributes:
        weight: Of every coarse vertex in every joint.
        bias: In metres, added to all three coordinates.
    """

    weight: Float32[Array, "17 431"]
    bias: Float32[Array, "17"]

    @classmethod
    def of(cls, body: Body, upsampling: Upsampling) -> "CoarseJoints":
        """Fold the regressor of fine vertices into the up-sampling."""
        regressor = body.joint_regressor
        return cls(regressor @ upsampling.weight, regressor @ upsampling.bias)

    def __call__(self, coarse_m: Float32[Array, "n 431 3"]) -> Float32[Array, "n 17 3"]:
        """Return the joints in the frame and units of `coarse_m`."""
        joints_m: Array = self.weight @ coarse_m + self.bias[:, None]
        return joints_m

    def place(self, shown: Sequence, intrinsics: Float32[Array, "3 3"]) -> Placement:
        """Say where a person is in the rows that are handed out."""
        h36m_m = self(shown.coarse_m)
        pelvis_m = h36m_m[:, 0]
        joints_m = np.ascontiguousarray(h36m_m[:, H36M_TO_J14] - pelvis_m[:, None])
        return Placement(
            pelvis_m=pelvis_m,
            joints3d_m=joints_m,
            joints2d_px=project_weak(joints_m, shown.camera, shown.crop_px),
            translation_m=translations_m(shown.camera, shown.crop_px, intrinsics),
            view_rotmat=view_rotmats(shown.crop_px, intrinsics),
        )
