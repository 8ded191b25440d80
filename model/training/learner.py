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
from model.training.objective import loss_terms, weigh_terms
from model.training.smpl import rotvec_to_rotmat
from model.training.views import view_prediction, view_truth


@runtime_checkable
class Network(Protocol):
    """What a network has to be able to do, besides being a module."""

    def __call__(self, inputs: Inputs) -> Prediction:
        """Answer what `ClipBatch.inputs` gives."""
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
        autocast: Type of the network's arithmetic; the loss is in float32 whatever it is.
    """

    def __init__(
        self,
        network: nn.Module,
        body: Body,
        truth: MeshTruth,
        config: LossConfig,
        autocast: torch.dtype | None = None,
    ) -> None:
        super().__init__()
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
        prediction, intermediate_m = self._answer(cast("Network", self.network), batch)
        with torch.no_grad():
            truth = view_truth(batch, self.truth(batch), self.layers)
        predicted = view_prediction(prediction, intermediate_m, self.layers)
        weights = tuple(getattr(self, f"vertex_weights_{i}") for i in range(3))
        terms = loss_terms(predicted, truth, self.layers.surface(weights), self._config)
        loss = weigh_terms(terms, self._config)
        if prediction.rotmat is None or prediction.betas is None:
            return loss, terms
        smpl = smpl_terms(prediction.rotmat, prediction.betas, batch)
        loss = loss + self._config.rotmat * smpl["rotmat"] + self._config.betas * smpl["betas"]
        return loss, terms | smpl

    def _answer(self, network: Network, batch: ClipBatch) -> tuple[Prediction, Tensor]:
        kind = batch.mesh_m.device.type
        with torch.autocast(kind, self._autocast, enabled=self._autocast is not None):
            prediction = network(batch.inputs)
        known = {name: x.float() for name, x in prediction._asdict().items() if x is not None}
        prediction = Prediction(**known)
        return prediction, network.intermediate_m(prediction.coarse_m)


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
