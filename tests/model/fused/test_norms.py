"""Folded batch norms beside those that are not."""

import copy

import torch
from torch import nn

from model.fused.norms import fold_norm, fold_norms
from tests.model.seeded import tiny_network


def test_a_folded_norm_answers_alike() -> None:
    torch.manual_seed(0)
    conv, norm = nn.Conv2d(4, 6, 3, 2, 1), nn.BatchNorm2d(6).eval()
    for value in norm.state_dict().values():
        value.add_(torch.rand(6)) if value.dim() else None
    x = torch.randn(2, 4, 9, 9)

    torch.testing.assert_close(fold_norm(conv, norm)(x), norm(conv(x)))


def test_no_batch_norm_is_left_in_the_backbone_and_it_answers_alike() -> None:
    plain = tiny_network(sd=False, md=False).backbone
    folded = copy.deepcopy(plain)

    fold_norms(folded)

    assert not [x for x in folded.modules() if isinstance(x, nn.BatchNorm2d)]
    images = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        stem = plain.stem(images)
        torch.testing.assert_close(folded.stem(images), stem, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(
            folded.high_resolution(stem), plain.high_resolution(stem), atol=1e-5, rtol=1e-4
        )
