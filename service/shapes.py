"""What turns rows of a job's model into meshes: its card, body and up-sampling; no torch."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from model.bodies import Body, load_body
from model.coarse_joints import CoarseJoints
from model.config import ModelCard
from model.registry import find_model, load_upsampling, weights_id
from model.upsample import Upsampling
from service.errors import GoneError


@dataclass(frozen=True, eq=False)
class Shapes:
    """What turns a model's rows into meshes."""

    card: ModelCard
    weights_sha256: str
    body: Body
    upsampling: Upsampling

    @cached_property
    def joints(self) -> CoarseJoints:
        """Where joints are, by coarse vertices alone."""
        return CoarseJoints.of(self.body, self.upsampling)


@lru_cache(maxsize=4)
def load_shapes(model: str, weights_sha256: str, models_dir: Path | None) -> Shapes:
    """Load what turns rows of a model into meshes; kept for the next who asks.

    Raises:
        GoneError: `model_replaced`: its weights are not the ones that ran.
        UsageError, InputError: As `find_model`, `load_body` and `load_upsampling`.
    """
    folder = find_model(model, models_dir)
    if weights_id(folder.card) != weights_sha256:
        raise GoneError(
            "model_replaced",
            f"the weights of model '{model}' were replaced since the job ran; run it again",
        )
    body = load_body(folder.card.body, models_dir)
    return Shapes(folder.card, weights_sha256, body, load_upsampling(folder, body))
