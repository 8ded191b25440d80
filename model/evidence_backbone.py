"""Evidence in place of pictures: landmarks and mask to the map of features that HRNet would give.

All landmarks of a frame together are lifted to a map, and the mask is seen beside it. From there on
the way is the published one: SD and MD on that map, convolutions to 7 x 7, transformers.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from model.config import NetworkConfig
from model.disentangle import Ema, disentangle
from model.residual import BasicBlock, conv_norm
from model.tokens import GRID
from model.types import WINDOW

LANDMARKS = 33
SIDE = 28  # cells that the mask is seen in
DEPTH_UNIT = 0.4  # depths are some 2.5 to 3 times as large as they would be to scale


class EvidenceTensors(NamedTuple):
    """As `model.types.Evidence`; the mask is 0 to 1."""

    landmarks: Float[Tensor, "n 33 7"]
    mask: Float[Tensor, "n 64 64"]


def scale_evidence(
    landmarks: Float[Tensor, "n 33 7"], mask: UInt8[Tensor, "n 64 64"]
) -> EvidenceTensors:
    """Evidence as the network was taught to see it."""
    return EvidenceTensors(landmarks, mask / 255)


class Lift(nn.Module):
    """All landmarks together to one small map, whose places mean what training makes of them.

    A residual network on joints, after Martinez et al. 2017.
    """

    def __init__(self, hidden: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Linear(7 * LANDMARKS, hidden)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden),
                nn.Linear(hidden, hidden),
                nn.ReLU(inplace=True),
                nn.Dropout(dropout),
                nn.Linear(hidden, hidden),
            )
            for _ in range(2)
        )
        self.last = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, width * GRID * GRID))

    def forward(self, landmarks: Float[Tensor, "n 33 7"]) -> Float[Tensor, "n width 7 7"]:
        """Answer landmarks, the less visible the fainter."""
        across, depth, visibility, place_m = torch.split(landmarks, [2, 1, 1, 3], dim=2)
        place = torch.cat([across, DEPTH_UNIT * depth, place_m], dim=2)
        known = torch.cat([place * visibility, visibility], dim=2)
        x = self.first(known.flatten(1).to(self.first.weight.dtype))
        for block in self.blocks:
            x = x + block(x)
        return self.last(x).reshape(-1, self.width, GRID, GRID)


class EvidenceBackbone(nn.Module):
    """Landmarks and masks to one map of features, by way of SD and MD.

    `stem` ends where SD and MD begin; `high_resolution` starts from what they leave.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        width, features = config.evidence.width, config.evidence.features
        self.conv1 = nn.Conv2d(1, width, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.lift = Lift(config.evidence.hidden, width, config.evidence.dropout)
        self.ema_1 = Ema(width, groups=width // 16) if config.sd else None
        self.ema_S = Ema(WINDOW * width, groups=width) if config.md else None
        self.halve = conv_norm(width, features, 3, 2)
        self.layer1 = BasicBlock(features)

    def forward(self, evidence: EvidenceTensors) -> Float[Tensor, "n features 7 7"]:
        """Evidence, the frames of a window next to one another, to features.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        return self.high_resolution(disentangle(self.stem(evidence), self.ema_1, self.ema_S))

    def stem(self, evidence: EvidenceTensors) -> Float[Tensor, "n width 14 14"]:
        """Each frame by itself."""
        mask = F.adaptive_avg_pool2d(evidence.mask[:, None], SIDE)  # [N,1,28,28]
        seen = self.bn1(self.conv1(mask.to(self.conv1.weight.dtype)))
        return (seen + F.interpolate(self.lift(evidence.landmarks), scale_factor=2)).relu_()

    def high_resolution(
        self, features: Float[Tensor, "n width 14 14"]
    ) -> Float[Tensor, "n features 7 7"]:
        """Down to 7 x 7."""
        return self.layer1(self.halve(features))
