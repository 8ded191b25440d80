"""Packed convolutions beside plain ones."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from model.backbone import HighResolutionModule
from model.fused.convolutions import WINOGRAD_FROM, PackedConv, add_spread, pack
from model.fused.norms import fold_norms
from model.fused.winograd import WinogradConv
from model.residual import BasicBlock, Bottleneck, conv_norm


def lively(network: nn.Module) -> nn.Module:
    """Outside training, its norms unlike those it is born with, and folded."""
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            for value in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
                assert value is not None
                value.copy_(torch.rand_like(value) + 0.5)
    fold_norms(network.eval().requires_grad_(False))
    return network


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("add", [False, True])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2)])
def test_a_packed_convolution_adds_and_clips(
    kernel: int, stride: int, relu: bool, add: bool, layout: torch.memory_format
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(5, 7, kernel, stride, kernel // 2).requires_grad_(False)
    x = torch.randn(3, 5, 12, 10).contiguous(memory_format=layout)
    plus = torch.randn_like(conv(x)) if add else None
    expected = conv(x) + (0 if plus is None else plus)

    found = PackedConv(conv, relu=relu)(x, plus)

    torch.testing.assert_close(found, expected.relu() if relu else expected)


@pytest.mark.parametrize(
    "network",
    [BasicBlock(8), Bottleneck(8, 4), Bottleneck(16, 4), conv_norm(8, 6, 3, 2, bias=True)],
    ids=["basic", "widening", "bottleneck", "sequence"],
)
def test_a_packed_block_answers_as_the_plain_one(network: nn.Module) -> None:
    torch.manual_seed(0)
    inputs = next(x.shape[1] for x in network.parameters())
    network, x = lively(network), torch.randn(2, inputs, 8, 8)
    expected = network(x)

    found = pack(network)(x)

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_packed_branches_exchange_what_they_know() -> None:
    torch.manual_seed(0)
    network = lively(HighResolutionModule(4, branches=4, blocks=1))
    maps = [torch.randn(2, 4 * 2**b, 16 // 2**b, 16 // 2**b) for b in range(4)]
    expected = network([x.clone() for x in maps])

    found = pack(network)(maps)

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


def test_a_coarse_map_is_added_to_each_square_of_a_fine_one() -> None:
    fine, coarse = torch.randn(2, 3, 12, 8), torch.randn(2, 3, 3, 2)

    found = add_spread(fine, coarse)

    torch.testing.assert_close(found, fine + F.interpolate(coarse, scale_factor=4.0))


def test_only_wide_convolutions_that_keep_the_side_save_multiplications() -> None:
    wide = WINOGRAD_FROM
    network = nn.ModuleList(
        [
            nn.Conv2d(wide, 8, 3, padding=1),
            nn.Conv2d(8, wide, 3, padding=1),
            nn.Conv2d(wide, 8, 3, 2, padding=1),
            nn.Conv2d(wide, 8, 1),
        ]
    ).requires_grad_(False)

    pack(network)

    assert [isinstance(x, WinogradConv) for x in network] == [True, False, False, False]
