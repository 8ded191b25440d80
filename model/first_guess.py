"""A guess at camera, joints and vertices, straight from features; transformers refine it.

A network that sees pictures starts from tokens that know nothing of the picture and lets attention
find everything. Evidence says at once about where the body is, so here a guess is read off the
features, and the tokens of the second transformer start from it. Training then takes minutes where
attention alone took hours.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.tokens import GRID, JOINTS
from model.types import COARSE

POINTS = JOINTS + COARSE
STEP = 0.1  # of what the transformers add: a decimetre, or a tenth of the camera's range


class Guess(NamedTuple):
    """What is read off the features, joints before vertices."""

    camera: Float[Tensor, "n 3"]
    points_m: Float[Tensor, "n 445 3"]


class FirstGuess(nn.Module):
    """Reads a guess off the features, and tells tokens where it puts them.

    Args:
        features: Channels of the 7x7 map.
        hidden: Width of the layer in between.
        dims: Of the tokens of the second transformer.
        dropout: Of what the guess is read from.
    """

    def __init__(self, features: int, hidden: int, dims: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.narrow = nn.Linear(features * GRID * GRID, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.read = nn.Linear(hidden, 3 * (1 + POINTS))
        self.place_camera = nn.Linear(3, dims)
        self.place_points = nn.Linear(3, dims)

    def forward(self, features: Float[Tensor, "n features 7 7"]) -> Guess:
        """Guess; in fp32 whatever the features are in."""
        hidden = self.dropout(self.norm(self.narrow(features.flatten(1))).relu())
        read = self.read(hidden).float().reshape(-1, 1 + POINTS, 3)
        return Guess(read[:, 0], read[:, 1:])

    def place(
        self, camera: Float[Tensor, "n 1 d"], body: Float[Tensor, "n 445 d"], guess: Guess
    ) -> tuple[Float[Tensor, "n 1 d"], Float[Tensor, "n 445 d"]]:
        """Add to each token where the guess puts it."""
        seen = torch.cat([guess.camera[:, None], guess.points_m], dim=1).to(body.dtype)
        return (
            camera + self.place_camera(seen[:, :1]),
            body + self.place_points(seen[:, 1:]),
        )
