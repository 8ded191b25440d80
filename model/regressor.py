"""The optional regressor of SMPL parameters from a mesh (after Kolotouros et al. 2019)."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.types import INTERMEDIATE

HIDDEN, ROTATIONS, BETAS = 1024, 24, 10


class ResidualBlock(nn.Module):
    """Two fully connected layers around a shortcut."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc_block = nn.Sequential(
            nn.Linear(width, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.BatchNorm1d(width),
        )

    def forward(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n d"]:
        """Add what the block has learned to what it was given."""
        return torch.relu(x + self.fc_block(x))


class InputBlock(nn.Module):
    """One fully connected layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.fc_block = nn.Sequential(
            nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU()
        )

    def forward(self, x: Float[Tensor, "n a"]) -> Float[Tensor, "n b"]:
        """Answer the flattened mesh with hidden features."""
        return self.fc_block(x)


class SmplRegressor(nn.Module):
    """Uncentred intermediate vertices to SMPL's joint rotations and shape."""

    def __init__(self) -> None:
        super().__init__()
        self.regressor = nn.Sequential(
            InputBlock(3 * INTERMEDIATE, HIDDEN),
            ResidualBlock(HIDDEN),
            ResidualBlock(HIDDEN),
            nn.Linear(HIDDEN, 9 * ROTATIONS + BETAS),
        )

    def forward(
        self, intermediate_m: Float[Tensor, "n 1723 3"]
    ) -> tuple[Float[Tensor, "n 24 3 3"], Float[Tensor, "n 10"]]:
        """Rotation matrices and betas. Gradients stop here: the mesh is not taught by them."""
        answer = self.regressor(intermediate_m.detach().flatten(1))
        matrices, betas = answer.split([9 * ROTATIONS, BETAS], dim=1)
        return matrix_to_rotmat(matrices.reshape(-1, ROTATIONS, 3, 3)), betas


def matrix_to_rotmat(matrix: Float[Tensor, "*n 3 3"]) -> Float[Tensor, "*n 3 3"]:
    """A rotation near each matrix: U V^T times its determinant, as the published RemoCap has it.

    Where U V^T is a reflection this is the rotation -U V^T, which is not the nearest one. Trained
    weights expect it.
    """
    u, _, vt = torch.linalg.svd(matrix)
    orthogonal = u @ vt
    return orthogonal * torch.linalg.det(orthogonal)[..., None, None]
