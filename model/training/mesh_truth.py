"""Where the true fine mesh of a labelled frame comes from."""

from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.bodies import Body
from model.errors import InputError
from model.training.batch import ClipBatch
from model.training.body_layers import BodyLayers
from model.types import COARSE, FINE


@runtime_checkable
class MeshTruth(Protocol):
    """Makes the true meshes of a batch."""

    def __call__(self, batch: ClipBatch) -> Float[Tensor, "n 6890 3"]:
        """Fine vertices in the camera frame, about any origin; anything finite without a label."""
        ...


class LabelledMeshes(nn.Module):
    """Meshes that the labels carry, fine as they are, coarse up-sampled by the body."""

    coarse_to_intermediate: Tensor | None

    def __init__(self, body: Body) -> None:
        super().__init__()
        self._layers = BodyLayers(body)
        weights = body.coarse_to_intermediate
        layer = None if weights is None else torch.from_numpy(weights.copy())
        self.register_buffer("coarse_to_intermediate", layer, persistent=False)

    def forward(self, batch: ClipBatch) -> Float[Tensor, "n 6890 3"]:
        """See `MeshTruth`.

        Raises:
            InputError: `bad_label`: the labels are of a level that this body cannot use.
        """
        mesh_m = batch.mesh_m
        if mesh_m.shape[1] == FINE:
            return mesh_m
        if mesh_m.shape[1] != COARSE or self.coarse_to_intermediate is None:
            raise InputError(
                "bad_label", f"labels have {mesh_m.shape[1]} vertices; expected {FINE}"
            )
        return self._layers.fine_m(self.coarse_to_intermediate @ mesh_m)
