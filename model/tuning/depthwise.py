"""Depthwise convolutions whose gradients are computed fast on a CPU.

oneDNN's own take up to thirty times as long as the convolution in half precision, of kernels of
5 x 5 or with a stride. Here the gradient of what is read is a convolution too, and that of a kernel
of 5 x 5 is put together from four of 3 x 3, which oneDNN is quick at.
"""

from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

_CHANNELS_LAST = torch.channels_last


def depthwise(
    x: Float[Tensor, "n c h h"],
    weight: Float[Tensor, "c 1 k k"],
    bias: Float[Tensor, "c"],
    stride: int,
    padding: int,
) -> Float[Tensor, "n c i i"]:
    """Convolve each channel with a kernel of its own, of 3 x 3 or 5 x 5.

    Under autocast it computes in that precision, as convolutions do.
    """
    if torch.is_autocast_enabled("cpu"):
        dtype = torch.get_autocast_dtype("cpu")
        x, weight, bias = x.to(dtype), weight.to(dtype), bias.to(dtype)
    result: Tensor = _Depthwise.apply(x, weight, bias, stride, padding)  # type: ignore[no-untyped-call]
    return result


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, stride: int, padding: int
    ) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = stride, padding
        return F.conv2d(x, weight, bias, stride, padding, groups=len(weight))

    @staticmethod
    def backward(
        ctx: Any,
        gradient: Tensor,
    ) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        x, weight = ctx.saved_tensors
        gradient = gradient.contiguous(memory_format=_CHANNELS_LAST)
        of_x = _of_input(gradient, x, weight, *ctx.how) if ctx.needs_input_grad[0] else None
        of_weight = _of_kernel(gradient, x, weight, *ctx.how)
        return of_x, of_weight, gradient.sum((0, 2, 3)), None, None


def _of_input(gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """Convolve the gradient, spread out by the stride, with the kernel turned around."""
    kernel = weight.shape[-1]
    if stride > 1:
        side = x.shape[-1] + 2 * padding - kernel + 1
        shape = (*x.shape[:2], side, side)
        spread = torch.empty(shape, dtype=x.dtype, memory_format=_CHANNELS_LAST).zero_()
        spread[:, :, ::stride, ::stride] = gradient
        gradient = spread
    around = kernel - 1 - padding
    return F.conv2d(gradient, weight.flip(2, 3), None, 1, around, groups=len(weight))


def _of_kernel(gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
    """Put the gradient of a kernel of 5 x 5 together from its corners of 3 x 3, which overlap."""
    assert weight.shape[-1] in (3, 5), f"a kernel of {weight.shape[-1]}"
    if weight.shape[-1] == 3:
        return _of_small_kernel(gradient, x, weight, stride, padding)
    padded = F.pad(x, (padding,) * 4) if padding else x
    extent = (gradient.shape[-1] - 1) * stride + 3
    corner, whole = weight[:, :, :3, :3].contiguous(), torch.empty_like(weight)
    for top in (0, 2):
        for left in (0, 2):
            read = padded[:, :, top : top + extent, left : left + extent]
            read = read.contiguous(memory_format=_CHANNELS_LAST)
            part = _of_small_kernel(gradient, read, corner, stride, 0)
            whole[:, :, top : top + 3, left : left + 3] = part
    return whole


def _of_small_kernel(
    gradient: Tensor, x: Tensor, weight: Tensor, stride: int, padding: int
) -> Tensor:
    both = [stride, stride], [padding, padding], [1, 1]
    backward = torch.ops.aten.convolution_backward
    wanted = [False, True, False]
    result: Tensor
    _, result, _ = backward(gradient, x, weight, None, *both, False, [0, 0], len(weight), wanted)
    return result
