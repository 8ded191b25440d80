"""HRNet's make-up; its numbers are checked in test_golden.py."""

import pytest
import torch
from torch import nn

from model.backbone import HighResolutionModule, Hrnet, exchange
from tests.model.seeded import TINY


@pytest.mark.parametrize(("source", "target"), [(0, 2), (2, 0), (1, 1)])
def test_an_exchange_takes_a_map_to_the_size_and_width_of_its_target(
    source: int, target: int
) -> None:
    widths = [4, 8, 16]
    given = torch.randn(1, widths[source], 16 >> source, 16 >> source)

    carried = exchange(widths, source, target)(given)

    assert carried.shape == (1, widths[target], 16 >> target, 16 >> target)


def test_widths_change_only_at_the_last_of_several_halvings() -> None:
    convolutions = [x for x in exchange([4, 8, 16], 0, 2).modules() if isinstance(x, nn.Conv2d)]

    assert [(x.in_channels, x.out_channels) for x in convolutions] == [(4, 4), (4, 16)]


def test_every_branch_hears_of_every_other() -> None:
    module = HighResolutionModule(4, branches=3, blocks=1).eval()
    maps = [torch.randn(1, 4 << b, 16 >> b, 16 >> b, requires_grad=True) for b in range(3)]

    for answer in module(maps):
        gradients = torch.autograd.grad(answer.sum(), maps, retain_graph=True)
        assert all(gradient.abs().sum() > 0 for gradient in gradients)


def test_features_come_out_at_7_by_7() -> None:
    backbone = Hrnet(TINY).eval()

    with torch.inference_mode():
        assert backbone(torch.randn(8, 3, 224, 224)).shape == (8, TINY.backbone.features, 7, 7)
