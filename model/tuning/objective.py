"""What the landmark network is taught: the truth where it is known, and else to stay as it was."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from model.blazepose.torch_landmarks import SIDE
from model.tuning.batches import Batch
from model.tuning.labelled import DEPTH_STRETCH
from model.tuning.layers import Answer

_FACE, _FINGERS, _HEELS_AND_TOES = slice(0, 11), slice(17, 23), slice(29, 33)
# Weights of a landmark in the picture and in metres, of depth, of the two points to look at next.
_PLACE, _WORLD, _DEPTH, _NEXT = 4.0, 4.0, 2.0, 1.0
_VISIBILITY, _PRESENCE, _MASK = 0.5, 0.2, 1.0  # of what is to stay as it was
_DEPTH_PX = DEPTH_STRETCH * SIDE


def loss(answer: Answer, batch: Batch) -> Tensor:
    """Return the sum of all that is asked; where nobody is, nothing is to be learned."""
    there = batch.somebody
    points, points_px = answer.points[there], batch.points_px[there]
    weights = _weights()
    apart = (points[:, :35, :2] - points_px[..., :2]).norm(dim=2) / SIDE
    depth = (points[:, :33, 2] - points_px[:, :33, 2]).abs() / _DEPTH_PX
    world = (answer.world_m[there, :33] - batch.world_m[there]).norm(dim=2)
    learned = (
        _PLACE * (apart[:, :33] * weights).mean()
        + _NEXT * apart[:, 33:].mean()
        + _DEPTH * (depth * weights).mean()
        + _WORLD * (world * weights).mean()
    )
    visible, said_visible = (p[..., 3:].sigmoid() for p in (answer.points, batch.said_points))
    visibility = (visible - said_visible).abs().mean()
    presence = F.binary_cross_entropy(answer.presence, batch.said_presence.clamp(0, 1))
    kept = _VISIBILITY * visibility + _PRESENCE * presence
    if answer.mask is not None:
        kept += _MASK * (answer.mask.sigmoid() - batch.said_mask.sigmoid()).abs().mean()
    return learned + kept


def _weights() -> Float[Tensor, "33"]:
    """Limbs and trunk count most."""
    weights = torch.ones(33)
    weights[_FACE], weights[_FINGERS], weights[_HEELS_AND_TOES] = 0.25, 0.3, 0.5
    return weights
