"""A network and a source like the real ones, but tiny."""

import numpy as np
import torch
from torch import Tensor, nn

from model.bodies import load_body
from model.network import Prediction
from model.training.batch import Sample
from model.training.learner import Learner
from model.training.loss_config import LossConfig
from model.training.mesh_truth import LabelledMeshes

BODY = load_body("anny")


class TinyNetwork(nn.Module):
    """A few pixels to camera, joints and vertices; with dropout, a batch norm and a kernel."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Sequential(
            nn.AvgPool2d(56), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.2), nn.Flatten()
        )
        self.head = nn.Linear(16, 3 + 3 * (14 + 431))
        self.register_buffer("up", torch.tensor(BODY.coarse_to_intermediate))

    def forward(self, images: Tensor) -> Prediction:
        camera, joints, coarse = self.head(self.stem(images)).split([3, 42, 1293], dim=1)
        return Prediction(camera, joints.reshape(-1, 14, 3), coarse.reshape(-1, 431, 3))

    def first_answer(self, images: Tensor) -> Prediction:
        return self(images)

    def intermediate_m(self, coarse_m: Tensor) -> Tensor:
        up: Tensor = self.up
        return up @ coarse_m


class NoiseClips:
    """Noise with the rest pose as its truth."""

    def __init__(self, samples: int = 6) -> None:
        self._samples = samples

    def __len__(self) -> int:
        return self._samples

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        assert BODY.rest_coarse_m is not None
        blocks = rng.integers(0, 256, (8, 4, 4, 3), np.uint8)
        mesh_m = np.repeat(BODY.rest_coarse_m[None], 8, axis=0) + np.float32(index / 50)
        joints_m = np.zeros((8, 14, 4), np.float32)
        return Sample(
            pixels=blocks.repeat(56, axis=1).repeat(56, axis=2),
            joints2d=joints_m[..., 1:],
            joints3d_m=joints_m + np.float32(0.1),
            pose=np.zeros((8, 72), np.float32),
            betas=np.zeros((8, 10), np.float32),
            mesh_m=mesh_m,
            has_mesh=np.ones(8, bool),
        )


def make_learner(**weights: float) -> Learner:
    """A learner of the tiny network."""
    return Learner(TinyNetwork(), BODY, LabelledMeshes(BODY), LossConfig(**weights))
