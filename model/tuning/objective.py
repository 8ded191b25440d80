"""What the landmark network is taught: the truth where it is known, and else to stay as it was."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from model.blazepose.torch_landmarks import SIDE
from model.tuning.labelled import DEPTH_STRETCH
from model.tuning.layers import Answer

_FACE, _FINGERS, _HEELS_AND_TOES = slice(0, 11), slice(17, 23), slice(29, 33)
# Weights of a landmark in the picture and in metres, of depth, of the two points to look at next.
_PLACE, _WORLD, _DEPTH, _NEXT = 4.0, 4.0, 2.0, 1.0
_VISIBILITY, _PRESENCE, _MASK = 0.5, 0.2, 1.0  # of what is to stay as it was
_DEPTH_PX = DEPTH_STRETCH * SIDE


def loss(
    answer: Answer,
    points_px: Float[Tensor, "n 35 3"],
    world_m: Float[Tensor, "n 33 3"],
    said_points: Float[Tensor, "n 39 5"],
    said_presence: Float[Tensor, "n"],
    said_mask: Float[Tensor, "m 256 256"],
) -> Tensor:
    """Return the sum of all; fields of `Shard` give what they mean."""
    weights = _weights()
    apart = (answer.points[:, :35, :2] - points_px[..., :2]).norm(dim=2) / SIDE
    depth = (answer.points[:, :33, 2] - points_px[:, :33, 2]).abs() / _DEPTH_PX
    world = (answer.world_m[:, :33] - world_m).norm(dim=2)
    learned = (
        _PLACE * (apart[:, :33] * weights).mean()
        + _NEXT * apart[:, 33:].mean()
        + _DEPTH * (depth * weights).mean()
        + _WORLD * (world * weights).mean()
    )
    visibility = (answer.points[..., 3:].sigmoid() - said_points[..., 3:].sigmoid()).abs().mean()
    presence = F.binary_cross_entropy(answer.presence, said_presence.clamp(0, 1))
    kept = _VISIBILITY * visibility + _PRESENCE * presence
    if answer.mask is not None:
        kept += _MASK * (answer.mask.sigmoid() - said_mask.sigmoid()).abs().mean()
    return learned + kept


def _weights() -> Float[Tensor, "33"]:
    """Limbs and trunk count most."""
    weights = torch.ones(33)
    weights[_FACE], weights[_FINGERS], weights[_HEELS_AND_TOES] = 0.25, 0.3, 0.5
    return weights
