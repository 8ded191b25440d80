"""HRNet's residual blocks."""

import torch

from model.residual import BasicBlock, Bottleneck, conv_norm


def test_a_convolution_with_its_norm_halves_the_map_when_told_to() -> None:
    halve = conv_norm(3, 5, 3, 2)

    assert halve(torch.randn(1, 3, 8, 8)).shape == (1, 5, 4, 4)


def test_a_basic_block_without_its_last_norm_is_its_shortcut() -> None:
    block = BasicBlock(4).eval()
    torch.nn.init.zeros_(block.bn2.weight)
    x = torch.randn(2, 4, 6, 6)

    assert torch.equal(block(x), x.relu())


def test_a_bottleneck_widens_its_shortcut_only_where_the_width_changes() -> None:
    widening, keeping = Bottleneck(8, 4), Bottleneck(16, 4)

    assert widening(torch.randn(1, 8, 5, 5)).shape == (1, 16, 5, 5)
    assert widening.downsample is not None
    assert keeping.downsample is None
