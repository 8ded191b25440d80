"""Winograd's convolution beside the plain one."""

import numpy as np
import pytest
import torch
from torch import nn

from model.fused.winograd import WinogradConv, tile_transforms


@pytest.mark.parametrize("tile", [2, 4])
def test_the_transforms_are_exact_for_one_row(tile: int) -> None:
    from_map, from_kernel, to_answer = tile_transforms(tile)
    row, kernel = np.random.default_rng(0).standard_normal((2, tile + 2))
    kernel = kernel[:3]

    answer = to_answer @ ((from_kernel @ kernel) * (from_map @ row))

    np.testing.assert_allclose(answer, np.correlate(row, kernel, "valid"), atol=1e-12)


@pytest.mark.parametrize("tile", [2, 4])
@pytest.mark.parametrize("side", [4, 7, 14])
def test_it_answers_as_the_plain_convolution(side: int, tile: int) -> None:
    torch.manual_seed(0)
    conv, x = nn.Conv2d(128, 96, 3, padding=1), torch.randn(2, 128, side, side + 1)

    with torch.inference_mode():
        exact = conv.double()(x.double())
        error = (WinogradConv(conv.float(), tile=tile)(x) - exact).abs().max()

    assert error < 1e-5 * exact.abs().max()


def test_it_adds_and_clips_on_its_way() -> None:
    torch.manual_seed(0)
    conv, x, plus = nn.Conv2d(8, 4, 3, padding=1), torch.randn(2, 8, 7, 7), torch.randn(2, 4, 7, 7)

    with torch.inference_mode():
        found, expected = WinogradConv(conv, tile=4, relu=True)(x, plus), (conv(x) + plus).relu()

    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
