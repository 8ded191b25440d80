"""RemoCap's spatial and motion disentanglement: SD and MD, and how they are blended.

Both are one block, EMA (Ouyang et al. 2023, "Efficient Multi-Scale Attention"): a map of gates
for each group of channels. SD groups 16 channels of a frame. MD folds the 8 frames of a window
into the channels, so that each of its groups is one channel over time.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.types import WINDOW


class Ema(nn.Module):
    """Efficient multi-scale attention: scales each group of channels by one map of gates.

    Args:
        channels: Of the map it is given.
        groups: Into which those are divided; all groups share the block's parameters.
    """

    def __init__(self, channels: int, groups: int) -> None:
        super().__init__()
        self.group_width = channels // groups
        self.gn = nn.GroupNorm(self.group_width, self.group_width)
        self.conv1x1 = nn.Conv2d(self.group_width, self.group_width, 1)
        self.conv3x3 = nn.Conv2d(self.group_width, self.group_width, 3, padding=1)

    def forward(self, x: Float[Tensor, "n channels h w"]) -> Float[Tensor, "n channels h w"]:
        """Scale every group by its gates."""
        grouped = x.reshape(-1, self.group_width, *x.shape[2:])  # [N*groups,c,H,W]
        return (grouped * self.gates(grouped)).reshape(x.shape)

    def gates(self, x: Float[Tensor, "m c h w"]) -> Float[Tensor, "m 1 h w"]:
        """One gate between 0 and 1 for every place of a group."""
        height, width = x.shape[2:]
        rows, columns = x.mean(3), x.mean(2)  # [M,c,H], [M,c,W]
        profiles = self.conv1x1(torch.cat([rows, columns], dim=2).unsqueeze(3)).squeeze(3)
        row_gate, column_gate = torch.split(profiles.sigmoid(), [height, width], dim=2)
        along = self.gn(x * row_gate.unsqueeze(3) * column_gate.unsqueeze(2))
        local = self.conv3x3(x)
        return torch.sigmoid(weighted(local, by=along) + weighted(along, by=local))


def weighted(maps: Float[Tensor, "m c h w"], *, by: Tensor) -> Float[Tensor, "m 1 h w"]:
    """The sum of the channels of `maps`, each weighted by the softmax of `by`'s mean."""
    weights = by.mean((2, 3), keepdim=True).softmax(1)  # [M,c,1,1]
    return (maps * weights).sum(1, keepdim=True)


def frames_to_channels(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "windows folded h w"]:
    """Fold the frames of each window into the channels: channel * 8 + frame.

    Raises:
        ValueError: Where n is no multiple of 8.
    """
    frames, channels, height, width = x.shape
    check_windows(frames)
    windows = x.reshape(-1, WINDOW, channels, height, width).transpose(1, 2)  # [B,C,8,H,W]
    return windows.reshape(-1, channels * WINDOW, height, width)


def channels_to_frames(x: Float[Tensor, "windows folded h w"]) -> Float[Tensor, "n c h w"]:
    """Undo `frames_to_channels`."""
    height, width = x.shape[2:]
    frames = x.reshape(len(x), -1, WINDOW, height, width).transpose(1, 2)  # [B,8,C,H,W]
    return frames.reshape(len(x) * WINDOW, -1, height, width)


def check_windows(frames: int) -> None:
    """Raise ValueError where MD cannot divide the frames into windows."""
    if frames % WINDOW:
        raise ValueError(
            f"{frames} frames given to a network with MD; it sees windows of {WINDOW}, so give it "
            f"a multiple of {WINDOW} (repeat the last frame), or use a network without MD"
        )


def disentangle(
    features: Float[Tensor, "n c h w"], sd: Ema | None, md: Ema | None
) -> Float[Tensor, "n c h w"]:
    """Apply SD, MD, or both, blended per frame and channel by a sigmoid of what they yield.

    Raises:
        ValueError: With MD, where n is no multiple of 8.
    """
    if md is None:
        return features if sd is None else sd(features)
    motion = channels_to_frames(md(frames_to_channels(features)))
    if sd is None:
        return motion
    spatial = sd(features)
    share = torch.sigmoid((spatial + motion).mean((2, 3), keepdim=True))  # [N,C,1,1]
    return share * spatial + (1 - share) * motion
