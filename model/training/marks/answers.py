"""What is said of a marked person: by a model, or by BlazePose itself."""

from dataclasses import dataclass, replace
from pathlib import Path

from jaxtyping import Float

from model.bodies import regress_joints
from model.camera import project_weak
from model.inference import load_predictor
from model.loading import Model, load_network
from model.registry import ModelFolder, load_upsampling, weights_id
from model.training.marks.facing import Degrees, facing_deg
from model.training.marks.looks import Look
from model.types import Array

PLACES_M = slice(4, 7)  # of BlazePose's columns: about the hips, axes as the camera frame's
BLAZEPOSE_JOINTS = [28, 26, 24, 23, 25, 27, 16, 14, 12, 11, 13, 15]
"""Its landmarks that are marked, in the order of `MARKED_JOINTS`."""


@dataclass(frozen=True, eq=False)
class Answer:
    """Where the joints are in the image, in the order of `MARKED_JOINTS`, and which way one faces.

    Attributes:
        joints_px: In pixels of the shown image.
        facing_deg: As in `Mark`.
    """

    joints_px: Float[Array, "12 2"]
    facing_deg: Degrees


def answer_of_model(model: Model, look: Look) -> Answer:
    """Ask a model about a window; its joints are those that `joints2d_px` of a result holds."""
    estimate = model.predictor.predict(look.inputs)
    row = slice(look.row, look.row + 1)
    h36m_m, joints_m = regress_joints(model.body, model.upsampling(estimate.coarse_m[row]))
    joints_m = joints_m - h36m_m[:, :1]
    joints_px = project_weak(joints_m, estimate.camera[row], look.crop_px[None])
    return Answer(joints_px[0, :12], facing_deg(joints_m[0]))


def answer_of_blazepose(look: Look) -> Answer:
    """Take BlazePose's landmarks as they are; a model that sees nothing else can do little more."""
    joints = look.landmarks[BLAZEPOSE_JOINTS]
    return Answer(joints[:, :2], facing_deg(joints[:, PLACES_M]))


def untrained_twin(model: Model, seed: int = 0) -> Model:
    """Return the same network with weights drawn from a seed: about the rest pose, for everybody.

    Raises:
        InputError: `bad_model` or `bad_body`: the body has no rest pose to start from.
    """
    changes = {"seed": seed, "weights_sha256": None, "trained": False}
    card = model.card.model_copy(update=changes)
    folder = ModelFolder(Path(card.name), card)
    network = load_network(folder, model.body)
    return replace(
        model,
        card=card,
        weights_sha256=weights_id(card),
        upsampling=load_upsampling(folder, model.body),
        predictor=load_predictor(network, device=str(model.predictor.device)),
    )
