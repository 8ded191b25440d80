"""Which terms the loss has, and how much each weighs."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, NonNegativeFloat


class LossConfig(BaseModel):
    """Weights of the loss; 0 leaves a term out. The defaults are RemoCap's for 3DPW.

    Attributes:
        joints3d: Of the joint tokens and the mesh's joints, in metres.
        joints2d: Of both, projected, in half crops.
        vertices: Of the three levels of the mesh together, in metres.
        levels: Of the coarse, the intermediate and the fine level among them.
        surface: Of the three terms on the intermediate surface together.
        edge_error: Of the edges' lengths against the true ones, among them.
        edge_length: Of the edges' lengths themselves, among them.
        normals: Of the faces' directions, among them.
        joint3d_velocity: Of the joints' velocity, inside `joints3d`.
        joint2d_velocity: Of the projected joints' velocity, inside `joints2d`.
        vertex_velocity: Of each level's velocity, inside `vertices`.
        masked_velocity: Leave out steps whose truth is unknown; the published loss counts them.
        vertex_weights: Every vertex alike, or by the area it stands for: in a body whose head
            and hands are finely meshed, alike means mostly head and hands.
        mesh: How far up meshes are compared. `coarse` leaves out what lies above, and reads joints
            off the coarse vertices by the body's own up-sampling: a tenth of the work.
        rotmat: Mean square of the SMPL regressor's rotations.
        betas: Mean square of its shapes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    joints3d: NonNegativeFloat = 1000.0
    joints2d: NonNegativeFloat = 100.0
    vertices: NonNegativeFloat = 100.0
    levels: tuple[NonNegativeFloat, NonNegativeFloat, NonNegativeFloat] = (0.25, 0.5, 0.25)
    surface: NonNegativeFloat = 100.0
    edge_error: NonNegativeFloat = 5.0
    edge_length: NonNegativeFloat = 1e-4
    normals: NonNegativeFloat = 0.1
    joint3d_velocity: NonNegativeFloat = 1.0
    joint2d_velocity: NonNegativeFloat = 1.0
    vertex_velocity: NonNegativeFloat = 1.0
    masked_velocity: bool = True
    vertex_weights: Literal["alike", "area"] = "alike"
    mesh: Literal["fine", "coarse"] = "fine"
    rotmat: NonNegativeFloat = 1000.0
    betas: NonNegativeFloat = 100.0


PUBLISHED_LOSSES = {
    "published_3dpw": LossConfig(masked_velocity=False),
    "published_h36m": LossConfig(masked_velocity=False, vertex_velocity=0.0),
}
"""As the published scripts for the two data sets have them."""
