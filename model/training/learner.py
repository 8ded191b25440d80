"""A network and the loss of its answers as one module, so that DDP sees a single forward."""

from typing import Protocol, cast, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.bodies import Body
from model.network import Inputs, Prediction
from model.training.batch import ClipBatch
from model.training.body_layers import BodyLayers, area_weights
from model.training.loss_config import LossConfig
from model.training.losses import mean_where
from model.training.mesh_truth import MeshTruth
from model.training.objective import Predicted, Truth, loss_terms, weigh_terms
from model.training.smpl import rotvec_to_rotmat
from model.training.views import (
    view_coarse_prediction,
    view_coarse_truth,
    view_prediction,
    view_truth,
)


@runtime_checkable
class Network(Protocol):
    """What a network has to be able to do, besides being a module."""

    def __call__(self, inputs: Inputs) -> Prediction:
        """Answer what `ClipBatch.inputs` gives."""
        ...

    def first_answer(self, inputs: Inputs) -> Prediction:
        """Answer with the first guess alone."""
        ...

    def intermediate_m(self, coarse_m: Float[Tensor, "n 431 3"]) -> Float[Tensor, "n 1723 3"]:
        """Up-sample by the learned layer."""
        ...


class Learner(nn.Module):
    """What is stepped in training.

    Args:
        network: Also a `Network`.
        body: Whose vertices the network speaks of.
        truth: Makes the true meshes.
        config: The loss.
        guess_only: Train what the network guesses before its transformers.
        autocast: Type of the network's arithmetic; the loss is in float32 whatever it is.
    """

    def __init__(
        self,
        network: nn.Module,
        body: Body,
        truth: MeshTruth,
        config: LossConfig,
        autocast: torch.dtype | None = None,
        *,
        guess_only: bool = False,
    ) -> None:
        super().__init__()
        self._guess_only = guess_only
        self.network = network
        self.layers = BodyLayers(body)
        self.truth = truth
        self._config = config
        self._autocast = autocast
        weights = area_weights(body) if config.vertex_weights == "area" else (None, None, None)
        for i, weight in enumerate(weights):
            self.register_buffer(f"vertex_weights_{i}", weight, persistent=False)

    def forward(self, batch: ClipBatch) -> tuple[Float[Tensor, ""], dict[str, Float[Tensor, ""]]]:
        """The loss of a batch, and its terms by name, not weighted."""
        prediction = self._answer(cast("Network", self.network), batch)
        predicted, truth = self._sides(prediction, batch)
        weights = tuple(getattr(self, f"vertex_weights_{i}") for i in range(3))
        terms = loss_terms(predicted, truth, self.layers.surface(weights), self._config)
        loss = weigh_terms(terms, self._config)
        if prediction.rotmat is None or prediction.betas is None:
            return loss, terms
        smpl = smpl_terms(prediction.rotmat, prediction.betas, batch)
        loss = loss + self._config.rotmat * smpl["rotmat"] + self._config.betas * smpl["betas"]
        return loss, terms | smpl

    def _sides(self, prediction: Prediction, batch: ClipBatch) -> tuple[Predicted, Truth]:
        """What is compared."""
        if self._config.mesh == "coarse":
            predicted = view_coarse_prediction(prediction, self.layers)
            return predicted, view_coarse_truth(batch, self.layers)
        intermediate_m = cast("Network", self.network).intermediate_m(prediction.coarse_m)
        with torch.no_grad():
            truth = view_truth(batch, self.truth(batch), self.layers)
        return view_prediction(prediction, intermediate_m, self.layers), truth

    def _answer(self, network: Network, batch: ClipBatch) -> Prediction:
        kind, inputs = batch.mesh_m.device.type, batch.inputs
        with torch.autocast(kind, self._autocast, enabled=self._autocast is not None):
            prediction = network.first_answer(inputs) if self._guess_only else network(inputs)
        known = {name: x.float() for name, x in prediction._asdict().items() if x is not None}
        return Prediction(**known)


def smpl_terms(
    rotmat: Float[Tensor, "n 24 3 3"], betas: Float[Tensor, "n 10"], batch: ClipBatch
) -> dict[str, Float[Tensor, ""]]:
    """Mean squares of the SMPL regressor's rotations and shapes, of frames that label them."""
    labelled = batch.has_mesh & (batch.mesh_m.shape[1] == 0)
    true_rotmat = rotvec_to_rotmat(batch.pose.reshape(-1, 24, 3))
    return {
        "rotmat": mean_where((rotmat - true_rotmat).square().mean(dim=(1, 2, 3)), labelled),
        "betas": mean_where((betas - batch.betas).square().mean(dim=1), labelled),
    }
