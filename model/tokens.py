"""What never changes about the transformers' tokens: who may look at whom, and who stands where."""

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from model.types import COARSE, JOINT_NAMES

JOINTS = len(JOINT_NAMES)
GRID = 7  # image tokens along a side


def allowed_attention(
    coarse_adjacency: Bool[Tensor, f"{COARSE} {COARSE}"],
) -> Bool[Tensor, "body body"]:
    """Who may look at whom in the decoders: row looks at column (FastMETRO, section 3.3).

    Joints look at everything; vertices at all joints and at the vertices adjacent to them. The
    tokens are the 14 joints, then the 431 vertices.
    """
    allowed = torch.ones(JOINTS + COARSE, JOINTS + COARSE, dtype=torch.bool)
    allowed[JOINTS:, JOINTS:] = coarse_adjacency
    return allowed


def sine_encoding(dims: int, side: int = GRID) -> Float[Tensor, "places dims"]:
    """Normalised sine encoding of a square grid, row by row (DETR, Carion et al. 2020).

    The first half of the channels tells y, the second x; even channels are sines, odd cosines.
    """
    half = dims // 2
    angle = torch.arange(1, side + 1) / (side + 1e-6) * 2 * math.pi  # [side]
    channel = torch.arange(half)
    wavelength = 10000 ** (2 * (channel // 2) / half)  # [half]
    phase = angle[:, None] / wavelength
    along = torch.where(channel % 2 == 0, phase.sin(), phase.cos())  # [side,half]
    y = along[:, None].expand(side, side, half)
    x = along[None, :].expand(side, side, half)
    return torch.cat([y, x], dim=2).reshape(side * side, dims)
