"""A film's people beside the truth, both in the camera frame, frame by frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float32, Int

from model.bodies import Body, regress_joints
from model.films.film import Truth
from model.films.matching import rows_of_person
from model.reconstruction import Reconstruction
from model.training.metrics import centre_on_hips, mpvpe_mm
from model.types import Array
from model.upsample import Upsampling

_BLOCK = 64  # rows whose meshes are in memory


@dataclass(frozen=True, eq=False)
class Comparison:
    """The frames of one film in which the person was found.

    Attributes:
        truth: All of the film.
        frame_index: Of each row, increasing.
        track_id: Whose row it is.
        joints_m: J14 as reconstructed, about the middle of the hips, in the camera frame.
        mpvpe_mm: Mean distance of the vertices, both meshes about their pelvis.
    """

    truth: Truth
    frame_index: Int[Array, "rows"]
    track_id: Int[Array, "rows"]
    joints_m: Float32[Array, "rows 14 3"]
    mpvpe_mm: Float32[Array, "rows"]

    @classmethod
    def of(cls, truth: Truth, tracks: Sequence[tuple[Array, ...]]) -> "Comparison":
        """Return the rows of all tracks in order; each is a tuple of the fields after `truth`."""
        if not tracks:
            nothing = np.zeros(0, int)
            return cls(truth, nothing, nothing, truth.joints_m[:0], truth.visible[:0])
        columns = [np.concatenate(column) for column in zip(*tracks, strict=True)]
        order = np.argsort(columns[0])
        return cls(truth, *(column[order] for column in columns))

    @property
    def true_joints_m(self) -> Float32[Array, "rows 14 3"]:
        """What `joints_m` should be."""
        return centre_on_hips(self.truth.joints_m[self.frame_index])

    def runs(self) -> Iterator[slice]:
        """Rows of one track in consecutive frames."""
        breaks = (np.diff(self.frame_index) != 1) | (np.diff(self.track_id) != 0)
        ends = [0, *(np.flatnonzero(breaks) + 1), len(self.frame_index)]
        for start, end in pairwise(ends):
            yield slice(int(start), int(end))


def compare(result: Reconstruction, truth: Truth) -> Comparison:
    """Compare a film's reconstruction with the truth.

    Args:
        result: Made with the film's focal length, so that `Mesh.view_rotmat`, which turns each
            crop's axes into those of the camera frame, is right.
        truth: Of the film.
    """
    up = true_upsampling(result.body)
    columns: list[tuple[Array, ...]] = []
    for sequence, rows in rows_of_person(result.sequences, truth):
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            mesh = result.mesh(sequence, slice(int(block[0]), int(block[-1]) + 1))
            kept = block - block[0]
            turn = mesh.view_rotmat[kept].transpose(0, 2, 1)
            frames = sequence.frame_index[block]
            true_m = about_pelvis(result.body, up(truth.coarse_m[frames]))
            distance_mm = mpvpe_mm(mesh.vertices_m[kept] @ turn, true_m)
            joints_m = centre_on_hips(mesh.joints3d_m[kept] @ turn)
            tracks = np.full(len(block), sequence.track_id)
            columns.append((frames, tracks, joints_m, distance_mm))
    return Comparison.of(truth, columns)


def true_upsampling(body: Body) -> Upsampling:
    """Return the map from true coarse vertices to fine ones: the body's own, good to 2 mm."""
    assert body.coarse_to_intermediate is not None, f"body '{body.name}' has no fitted layer"
    return Upsampling.from_layers(body.coarse_to_intermediate, np.zeros(1723, np.float32), body)


def about_pelvis(body: Body, fine_m: Float32[Array, "n 6890 3"]) -> Float32[Array, "n 6890 3"]:
    """Return meshes about the Human3.6M pelvis of each."""
    h36m_m, _ = regress_joints(body, fine_m)
    return fine_m - h36m_m[:, :1]
