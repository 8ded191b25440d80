import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from model.tuning.depthwise import depthwise


@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize(
    ("stride", "padding", "side"), [(1, 2, 9), (1, 0, 8), (2, 0, 11), (2, 1, 8)]
)
def test_it_answers_and_is_taught_as_torch_does(
    kernel: int, stride: int, padding: int, side: int
) -> None:
    x, weight, bias = draw(kernel, side)

    theirs = F.conv2d(x, weight, bias, stride, padding, groups=len(weight))
    ours = depthwise(x, weight, bias, stride, padding)

    torch.testing.assert_close(ours, theirs)
    wanted = torch.randn_like(theirs)
    for got, expected in zip(
        torch.autograd.grad(ours, (x, weight, bias), wanted),
        torch.autograd.grad(theirs, (x, weight, bias), wanted),
        strict=True,
    ):
        torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-4)


def test_under_autocast_it_computes_in_half_precision() -> None:
    x, weight, bias = draw(5, 9)

    with torch.autocast("cpu", torch.bfloat16):
        ours = depthwise(x, weight, bias, 1, 2)
    ours.float().sum().backward()

    assert ours.dtype == torch.bfloat16
    assert weight.grad is not None
    assert weight.grad.dtype == torch.float32
    exact = F.conv2d(x, weight, bias, 1, 2, groups=len(weight))
    torch.testing.assert_close(ours.float(), exact, rtol=0.05, atol=0.05)


def test_what_needs_no_gradient_gets_none() -> None:
    x, weight, bias = draw(3, 8)

    depthwise(x.detach(), weight, bias, 1, 1).sum().backward()

    assert x.grad is None
    assert weight.grad is not None


def draw(kernel: int, side: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    x, weight, bias = (
        torch.randn(2, 6, side, side),
        torch.randn(6, 1, kernel, kernel),
        torch.randn(6),
    )
    return x.requires_grad_(), weight.requires_grad_(), bias.requires_grad_()
