"""What comes out: people over time, and their meshes, computed where they are handed out.

A row, one person in one frame, is kept as its 431 coarse vertices (5.4 KB). The 6890 fine ones
(83 KB) follow from them by one matrix product, so they exist for a few rows at a time only.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32

from model.bodies import Body, regress_joints
from model.camera import project_weak, translations_m, view_rotmats
from model.smooth import smooth
from model.spool import forget
from model.types import Array, Meta, Sequence, Smoothing
from model.upsample import Upsampling


@dataclass(frozen=True, eq=False)
class Mesh:
    """A person's surface in k frames.

    Attributes:
        vertices_m: About the Human3.6M pelvis of that mesh; axes of the crop camera: x right,
            y down, z away along the ray through the crop's centre.
        joints3d_m: The 14 joints J14 regressed from that mesh, same origin and axes.
        joints2d_px: The same joints in the full image, by the crop camera.
        translation_m: The pelvis in the camera frame.
        view_rotmat: Turns the crop camera's axes into the camera frame's.
        pelvis_m: What was taken off the network's vertices, in its frame.
    """

    vertices_m: Float32[Array, "k 6890 3"]
    joints3d_m: Float32[Array, "k 14 3"]
    joints2d_px: Float32[Array, "k 14 2"]
    translation_m: Float32[Array, "k 3"]
    view_rotmat: Float32[Array, "k 3 3"]
    pelvis_m: Float32[Array, "k 3"]

    def placed_m(self) -> Float32[Array, "k 6890 3"]:
        """Return the vertices in the camera frame, all people of a video in one scene."""
        turned_m = self.vertices_m @ self.view_rotmat.transpose(0, 2, 1)
        return turned_m + self.translation_m[:, None]


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """Everybody in a video.

    Attributes:
        sequences: A person each, sorted by track; raw, as the network gave them.
        body: Topology of the vertices.
        upsampling: From coarse to fine vertices.
        meta: What the result says of itself; `meta.smoothing` is applied at hand-out.
        intrinsics: Of the camera that saw the whole image, in pixels.
    """

    sequences: tuple[Sequence, ...]
    body: Body
    upsampling: Upsampling
    meta: Meta
    intrinsics: Float32[Array, "3 3"]

    @property
    def rows(self) -> int:
        """Number of rows of all people together."""
        return sum(len(sequence) for sequence in self.sequences)

    def smoothed(self, level: Smoothing) -> "Reconstruction":
        """Return the same people, handed out smoothed; `off` is as the network gave them."""
        if level == self.meta.smoothing:
            return self
        return replace(self, meta=replace(self.meta, smoothing=level))

    def shown(self, sequence: Sequence, rows: slice) -> Sequence:
        """Return some rows of a person as handed out: smoothed, if that was asked for.

        `sequence` keeps what the network gave. Rows do not depend on how they are sliced.
        """
        forget(sequence.coarse_m)
        return smooth(sequence, rows, self.meta.smoothing)

    def mesh(self, sequence: Sequence, rows: slice) -> Mesh:
        """Compute the meshes of some rows of a person, as handed out.

        Memory grows with the rows, by about 0.25 MB each: pass 64 or so at a time.
        """
        return self.mesh_of(self.shown(sequence, rows))

    def mesh_of(self, shown: Sequence) -> Mesh:
        """Compute the meshes of rows that `shown` returned."""
        fine_m = self.upsampling(shown.coarse_m)  # [k,6890,3]
        h36m_m, joints_m = regress_joints(self.body, fine_m)
        pelvis_m = h36m_m[:, :1]
        joints_m = joints_m - pelvis_m
        return Mesh(
            vertices_m=np.subtract(fine_m, pelvis_m, out=fine_m),
            joints3d_m=joints_m,
            joints2d_px=project_weak(joints_m, shown.camera, shown.crop_px),
            translation_m=translations_m(shown.camera, shown.crop_px, self.intrinsics),
            view_rotmat=view_rotmats(shown.crop_px, self.intrinsics),
            pelvis_m=pelvis_m[:, 0],
        )
