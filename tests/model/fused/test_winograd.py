"""Winograd's convolution beside the plain one."""

import numpy as np
import pytest
import torch
from torch import nn

from model.fused.winograd import WinogradConv, tile_transforms, use_winograd


def test_the_transforms_are_exact_for_one_row() -> None:
    from_map, from_kernel, to_answer = tile_transforms()
    row, kernel = np.random.default_rng(0).standard_normal((2, 6))
    kernel = kernel[:3]

    answer = to_answer @ ((from_kernel @ kernel) * (from_map @ row))

    np.testing.assert_allclose(answer, np.correlate(row, kernel, "valid"), atol=1e-12)


@pytest.mark.parametrize("side", [4, 7, 14])
def test_it_answers_as_the_plain_convolution(side: int) -> None:
    torch.manual_seed(0)
    conv, x = nn.Conv2d(128, 96, 3, padding=1), torch.randn(2, 128, side, side + 1)

    with torch.inference_mode():
        exact = conv.double()(x.double())
        error = (WinogradConv(conv.float())(x) - exact).abs().max()

    assert error < 1e-5 * exact.abs().max()


def test_only_wide_convolutions_that_keep_the_side_are_replaced() -> None:
    network = nn.Sequential(
        nn.Conv2d(8, 8, 3, padding=1),
        nn.Conv2d(4, 8, 3, padding=1),
        nn.Conv2d(8, 8, 3, 2, padding=1),
        nn.Conv2d(8, 8, 1),
    )

    use_winograd(network, from_width=8)

    assert [isinstance(x, WinogradConv) for x in network] == [True, False, False, False]
