"""Where the true fine mesh of a labelled frame comes from."""

from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.bodies import Body
from model.errors import InputError, UsageError
from model.training.batch import ClipBatch
from model.training.body_layers import BodyLayers
from model.training.smpl import SmplMeshes, load_smpl, smpl_path
from model.training.tsv_set import MeshKind
from model.types import COARSE, FINE


@runtime_checkable
class MeshTruth(Protocol):
    """Makes the true meshes of a batch."""

    def __call__(self, batch: ClipBatch) -> Float[Tensor, "n 6890 3"]:
        """Fine vertices in the camera frame, about any origin; anything finite without a label."""
        ...


def find_truth(kind: MeshKind, body: Body, models_dir: Path | None = None) -> MeshTruth:
    """What makes the true meshes of a set whose labels are of this kind.

    Raises:
        UsageError: `wrong_body`: SMPL's labels do not speak of this body.
        InputError: `missing_file` or `bad_body`: SMPL's parametric model cannot be used.
    """
    if kind == "labelled":
        return LabelledMeshes(body)
    if body.name != "smpl":
        raise UsageError(
            "wrong_body",
            f"the set labels SMPL poses, the body is {body.name!r}; expected the body 'smpl', "
            "or a set with mesh: labelled",
        )
    return SmplMeshes(load_smpl(smpl_path(models_dir)))


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
