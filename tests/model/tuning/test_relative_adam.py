import pytest
import torch
from torch import nn

from model.tuning.relative_adam import RelativeAdam


def test_channels_move_by_a_share_of_their_size() -> None:
    kernel = nn.Parameter(torch.stack([torch.full((2, 3, 3), 5.0), torch.full((2, 3, 3), 500.0)]))
    before = kernel.detach().clone()
    optimiser = RelativeAdam([kernel])

    (kernel * torch.randn(kernel.shape).sign()).sum().backward()
    optimiser.step(0.01)

    moved = (kernel.detach() - before).abs().mean(dim=(1, 2, 3))
    assert moved.tolist() == pytest.approx([0.01 * 25.25, 5.0], rel=0.01)  # a tenth of the mean


def test_it_goes_down() -> None:
    kernel, bias = nn.Parameter(torch.ones(1, 1, 1, 1)), nn.Parameter(torch.ones(1))
    optimiser = RelativeAdam([kernel, bias])

    for _ in range(200):
        ((kernel.sum() - 2) ** 2 + (bias.sum() + 1) ** 2).backward()
        optimiser.step(0.02)

    assert kernel.item() == pytest.approx(2, abs=0.05)
    assert bias.item() == pytest.approx(-1, abs=0.05)


def test_who_has_no_gradient_stays() -> None:
    kernel = nn.Parameter(torch.ones(1, 1, 1, 1))

    RelativeAdam([kernel]).step(0.1)

    assert kernel.item() == 1
