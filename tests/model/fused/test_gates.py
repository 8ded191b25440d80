"""Folded SD and MD beside the plain ones."""

import pytest
import torch

from model.disentangle import Ema, disentangle
from model.fused.gates import FoldedDisentanglement, FoldedEma
from tests.model.test_disentangle import lively_ema


def test_folded_gates_are_the_plain_ones() -> None:
    ema, x = lively_ema(8, groups=1), torch.randn(5, 8, 6, 9)

    torch.testing.assert_close(FoldedEma(ema)(x), ema.gates(x), atol=2e-6, rtol=0)


def test_maps_that_do_not_vary_do_no_harm() -> None:
    ema, x = lively_ema(8, groups=1), torch.full((5, 8, 6, 9), 3.0)

    torch.testing.assert_close(FoldedEma(ema)(x), ema.gates(x), atol=1e-4, rtol=0)


@pytest.mark.parametrize("sd", [lively_ema(32, groups=2), None])
@pytest.mark.parametrize("md", [lively_ema(8 * 32, groups=32), None])
def test_folded_disentanglement_is_the_plain_one(sd: Ema | None, md: Ema | None) -> None:
    x = torch.randn(16, 32, 6, 9)

    found = FoldedDisentanglement(sd, md)(x)

    torch.testing.assert_close(found, disentangle(x, sd, md), atol=5e-6, rtol=0)


def test_it_says_how_many_frames_it_needs() -> None:
    folded = FoldedDisentanglement(None, lively_ema(8 * 32, groups=32))

    with pytest.raises(ValueError, match="multiple of 8"):
        folded(torch.randn(7, 32, 6, 6))
