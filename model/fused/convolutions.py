"""Convolutions that add a map and clip below zero on their way, for CPUs in fp32.

What a convolution has just computed is still in the registers when the shortcut is added and the
ReLU applied, so neither costs a pass through memory. And the weights lie from the start the way
oneDNN reads them. The operators are those that torch.compile calls for the same purpose.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.backbone import HighResolutionModule
from model.fused.winograd import WinogradConv
from model.residual import BasicBlock, Bottleneck

# Channels from which 3x3 convolutions save multiplications: below, the transforms cost about what
# they save. From the second number on, small tiles do: large ones would be busy reading weights.
WINOGRAD_FROM, SMALL_TILES_FROM = 256, 512


class PackedConv(nn.Module):
    """A convolution, then perhaps a sum and a ReLU.

    Args:
        conv: Whose weights are taken; it stays as it is.
        relu: Whether the answer is clipped below zero.
    """

    def __init__(self, conv: nn.Conv2d, *, relu: bool) -> None:
        super().__init__()
        self.geometry: list[Any] = [conv.padding, conv.stride, conv.dilation, conv.groups]
        weight = conv.weight.detach().to_mkldnn()
        # Not buffers: they are in no layout that a module could carry to other devices or types.
        self.weight = torch._C._nn.mkldnn_reorder_conv2d_weight(weight, *self.geometry)  # noqa: SLF001
        self.bias = None if conv.bias is None else conv.bias.detach()
        self.relu = "relu" if relu else "none"

    def forward(
        self, x: Float[Tensor, "n c h w"], plus: Float[Tensor, "n o h2 w2"] | None = None
    ) -> Float[Tensor, "n o h2 w2"]:
        """Convolve, and add `plus`."""
        given = self.weight, self.bias, *self.geometry
        run = torch.ops.mkldnn._convolution_pointwise  # noqa: SLF001
        if plus is None:
            return run(x, *given, self.relu, [], "")
        relu = None if self.relu == "none" else self.relu
        return run.binary(x, plus, *given, "add", 1.0, relu, [], "")


class PackedBasicBlock(nn.Module):
    """A `BasicBlock` of which the norms are folded."""

    def __init__(self, block: BasicBlock) -> None:
        super().__init__()
        self.conv1 = pack_conv(block.conv1, relu=True)
        self.conv2 = pack_conv(block.conv2, relu=True)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Answer as the block does."""
        return self.conv2(self.conv1(x), x)


class PackedBottleneck(nn.Module):
    """A `Bottleneck` of which the norms are folded."""

    def __init__(self, block: Bottleneck) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3 = (
            pack_conv(conv, relu=True) for conv in (block.conv1, block.conv2, block.conv3)
        )
        self.downsample = None if block.downsample is None else pack(block.downsample)

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n d h w"]:
        """Answer as the block does."""
        shortcut = x if self.downsample is None else self.downsample(x)
        return self.conv3(self.conv2(self.conv1(x)), shortcut)


class PackedModule(nn.Module):
    """A `HighResolutionModule` of which the norms are folded.

    Finer maps are added by the convolutions that halve them, coarser ones without being spread out
    in memory first.
    """

    def __init__(self, module: HighResolutionModule) -> None:
        super().__init__()
        self.branches, self.fuse_layers = module.branches, module.fuse_layers
        pack(self.branches)
        pack(self.fuse_layers)

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Answer as the module does."""
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        return [
            gather(cast(nn.ModuleList, layers), maps, target).relu_()
            for target, layers in enumerate(self.fuse_layers)
        ]


def gather(layers: nn.ModuleList, maps: list[Tensor], target: int) -> Float[Tensor, "n c h w"]:
    """The sum of what each layer makes of its own map, in memory of its own."""
    total = maps[target]
    for source, (layer, x) in enumerate(zip(layers, maps, strict=True)):
        if source < target:
            *halvings, last = cast(nn.Sequential, layer)
            total = last(nn.Sequential(*halvings)(x), total)
        elif source > target:
            widen, _ = cast(nn.Sequential, layer)
            total = add_spread(total, widen(x))
    return total


def add_spread(
    fine: Float[Tensor, "n c h w"], coarse: Float[Tensor, "n c h2 w2"]
) -> Float[Tensor, "n c h w"]:
    """The sum of a map and a coarser one, each place of which counts for a square of places."""
    height, width = coarse.shape[2:]
    times = fine.shape[2] // height
    squares = fine.view(*fine.shape[:2], height, times, width, times)  # [N,C,h2,k,w2,k]
    return (squares + coarse[:, :, :, None, :, None]).flatten(4, 5).flatten(2, 3)


def pack_conv(conv: nn.Conv2d, *, relu: bool) -> nn.Module:
    """The fastest twin of a convolution."""
    keeps_side = conv.kernel_size == (3, 3) and conv.stride == (1, 1)
    if keeps_side and conv.in_channels >= WINOGRAD_FROM:
        tile = 4 if conv.in_channels < SMALL_TILES_FROM else 2
        return WinogradConv(conv, tile=tile, relu=relu)
    return PackedConv(conv, relu=relu)


def pack(module: nn.Module) -> nn.Module:
    """The twin of a module with folded norms, its convolutions packed; the module is used up."""
    for kind, twin in TWINS.items():
        if isinstance(module, kind):
            return twin(module)
    for name, child in list(module.named_children()):
        setattr(module, name, pack(child))
    return module


def pack_sequence(sequence: nn.Sequential) -> nn.Module:
    """One module for a convolution with its ReLU; what else there is follows."""
    first, *others = (part for part in sequence if not isinstance(part, nn.Identity))
    if not isinstance(first, nn.Conv2d):
        return nn.Sequential(*map(pack, (first, *others)))
    relu = bool(others) and isinstance(others[0], nn.ReLU)
    packed = pack_conv(first, relu=relu)
    return nn.Sequential(packed, *others[relu:]) if others[relu:] else packed


TWINS: dict[type[nn.Module], Callable[[Any], nn.Module]] = {
    BasicBlock: PackedBasicBlock,
    Bottleneck: PackedBottleneck,
    HighResolutionModule: PackedModule,
    nn.Sequential: pack_sequence,
    nn.Conv2d: partial(pack_conv, relu=False),
}
