"""SD and MD with everything saved that their parameters alone decide.

The mean of a group-normed map is the norm's bias. So the weights with which EMA sums its local
branch are constants: its 3x3 convolution of c maps to c maps is one of c maps to one, and the c
maps themselves are needed only for their means, which follow from sums along the borders. And
what SD and MD do to a map is to scale it, so both and their blend are one multiplication.
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from model.disentangle import Ema, check_windows
from model.types import WINDOW


class FoldedEma(nn.Module):
    """The gates of an `Ema`; its parameters are taken, and it stays as it is."""

    norm_weight: Tensor
    norm_bias: Tensor
    profile_weight: Tensor
    profile_bias: Tensor
    kernel: Tensor
    kernel_bias: Tensor
    taps: Tensor
    local_bias: Tensor

    def __init__(self, ema: Ema) -> None:
        super().__init__()
        self.eps = ema.gn.eps
        self.group_width = ema.group_width
        assert ema.conv1x1.bias is not None
        assert ema.conv3x3.bias is not None
        kernel, kernel_bias = ema.conv3x3.weight.detach(), ema.conv3x3.bias.detach()
        share = ema.gn.bias.detach().softmax(0)
        # Shifted maps are summed by `fold`, the transpose of a patch: the kernel is turned around.
        taps = torch.einsum("o,ocyx->yxc", share, kernel).flip(0, 1).flatten(0, 1)
        for name, value in {
            "norm_weight": ema.gn.weight,
            "norm_bias": ema.gn.bias,
            "profile_weight": ema.conv1x1.weight.flatten(1),
            "profile_bias": ema.conv1x1.bias[:, None],
            "kernel": kernel,
            "kernel_bias": kernel_bias,
            "taps": taps,  # [9,c]
            "local_bias": share @ kernel_bias,
        }.items():
            self.register_buffer(name, value.detach().clone())

    def forward(self, x: Float[Tensor, "m c h w"]) -> Float[Tensor, "m 1 h w"]:
        """One gate between 0 and 1 for every place of each of m groups of c maps."""
        height, width = x.shape[2:]
        rows, columns = x.mean(3), x.mean(2)  # [m,c,h], [m,c,w]
        profiles = self.profile_weight @ torch.cat([rows, columns], dim=2) + self.profile_bias
        row_gate, column_gate = torch.split(profiles.sigmoid(), [height, width], dim=2)
        along = (x * row_gate.unsqueeze(3)).mul_(column_gate.unsqueeze(2)).flatten(2)  # [m,c,hw]
        share = self._local_mean(x, rows, columns).softmax(1)  # [m,c]
        mean = along.mean(2)
        variance = torch.linalg.vector_norm(along, dim=2).square() / (height * width) - mean**2
        scale = self.norm_weight * (variance.clamp_min(0) + self.eps).rsqrt()
        constant = (share * (self.norm_bias - scale * mean)).sum(1) + self.local_bias
        gates = (share * scale).unsqueeze(1) @ along + constant[:, None, None]  # [m,1,hw]
        local = F.fold(self.taps @ x.flatten(2), (height, width), 3, padding=1)
        return gates.view_as(local).add_(local).sigmoid_()

    def _local_mean(
        self,
        x: Float[Tensor, "m c h w"],
        rows: Float[Tensor, "m c h"],
        columns: Float[Tensor, "m c w"],
    ) -> Float[Tensor, "m c"]:
        """The means of the maps that the 3x3 convolution would yield.

        Under each tap lies the map without the row and the column that fall off its border.
        """
        height, width = x.shape[2:]
        lost = x.new_zeros(*x.shape[:2], 3, 3)
        lost[:, :, ::2] += rows[:, :, [-1, 0], None] * width
        lost[:, :, :, ::2] += columns[:, :, None, [-1, 0]] * height
        lost[:, :, ::2, ::2] -= x[:, :, [-1, 0]][:, :, :, [-1, 0]]  # lost once, subtracted twice
        kept = rows.sum(2)[:, :, None, None] * width - lost  # [m,c,3,3]
        return (
            torch.einsum("ocyx,mcyx->mo", self.kernel, kept) / (height * width) + self.kernel_bias
        )


class FoldedDisentanglement(nn.Module):
    """SD, MD or both, as `model.disentangle.disentangle` applies them."""

    def __init__(self, sd: Ema | None, md: Ema | None) -> None:
        super().__init__()
        self.sd = None if sd is None else FoldedEma(sd)
        self.md = None if md is None else FoldedEma(md)

    def forward(self, features: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Disentangle.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        if self.md is not None:
            check_windows(len(features))
            windows = torch.split(in_planes(features), WINDOW)
            return torch.cat([self._blend(window, self.md) for window in windows])
        if self.sd is not None:
            return self._spatial(in_planes(features), self.sd)
        return features

    def _blend(self, window: Float[Tensor, "8 c h w"], md: FoldedEma) -> Float[Tensor, "8 c h w"]:
        """Scale the frames of one window."""
        over_time = window.transpose(0, 1)  # [c,8,h,w]
        motion = md(over_time)  # [c,1,h,w]
        if self.sd is None:
            return window * motion.squeeze(1)
        grouped, spatial = grouped_gates(window, self.sd)  # [8,groups,width,h,w], width 1
        # The mean of the map scaled by the one and by the other, without scaling it:
        by_spatial = grouped.flatten(3) @ spatial.flatten(3).mT  # [8,groups,width,1]
        by_motion = over_time.flatten(2) @ motion.flatten(2).mT  # [c,8,1]
        share = by_spatial.flatten(1) + by_motion.squeeze(2).T  # [8,c]
        share = share.div_(spatial[0, 0].numel()).sigmoid_().view(*grouped.shape[:3], 1, 1)
        gates = torch.lerp(motion.view(grouped.shape[1:]), spatial, share)
        return gates.mul_(grouped).flatten(1, 2)

    @staticmethod
    def _spatial(x: Float[Tensor, "n c h w"], sd: FoldedEma) -> Float[Tensor, "n c h w"]:
        """Scale frames by SD's gates alone."""
        grouped, gates = grouped_gates(x, sd)
        return (grouped * gates).flatten(1, 2)


def grouped_gates(
    x: Float[Tensor, "n c h w"], sd: FoldedEma
) -> tuple[Float[Tensor, "n groups width h w"], Float[Tensor, "n groups 1 h w"]]:
    """The groups of a map, and SD's gates, which the channels of a group share."""
    grouped = x.view(len(x), -1, sd.group_width, *x.shape[2:])
    return grouped, sd(grouped.flatten(0, 1)).view(*grouped.shape[:2], 1, *x.shape[2:])


def in_planes(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    """The same map, channel by channel in memory: on CPUs thrice as fast as `contiguous`."""
    if not x.is_cpu or not x.is_contiguous(memory_format=torch.channels_last):
        return x.contiguous()
    planes = torch.empty_like(x, memory_format=torch.contiguous_format)
    for frame, plane in zip(x, planes, strict=True):
        plane.flatten(1).copy_(frame.permute(1, 2, 0).flatten(0, 1).T)
    return planes
