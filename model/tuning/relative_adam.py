"""Adam (Kingma & Ba 2015) whose steps are shares of what each channel's weights are.

In a network whose batch norms were folded into its convolutions, weights of one layer differ a
thousandfold from channel to channel; one step for all of them ruins the small ones.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

_BETAS = 0.9, 0.99
_EPSILON = 1e-8
_LEAST = 0.1  # of the mean channel's size: what channels of hardly any weight count as
_LEAST_BIAS = 1e-3


class RelativeAdam:
    """The optimiser.

    Args:
        parameters: Kernels, of which the first dimension is the channel, and biases.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self._parameters = list(parameters)
        self._sizes = [_size(parameter.detach()) for parameter in self._parameters]
        self._means = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move every parameter by about `rate` times its size, and forget the gradients."""
        self._steps += 1
        fresh_mean, fresh_square = (1 - beta**self._steps for beta in _BETAS)
        for parameter, size, mean, square in zip(
            self._parameters, self._sizes, self._means, self._squares, strict=True
        ):
            if parameter.grad is None:
                continue
            mean.lerp_(parameter.grad, 1 - _BETAS[0])
            square.lerp_(parameter.grad.square(), 1 - _BETAS[1])
            way = (mean / fresh_mean) / ((square / fresh_square).sqrt_() + _EPSILON)
            parameter.sub_(rate * size * way)
            parameter.grad = None


def _size(weights: Tensor) -> Tensor:
    """The root mean square of each channel of a kernel, or of all of a bias."""
    if weights.ndim == 1:
        return weights.square().mean().sqrt().clamp_min(_LEAST_BIAS)
    sizes = weights.square().mean(dim=(1, 2, 3), keepdim=True).sqrt()
    return sizes.clamp_min(_LEAST * float(sizes.mean()))
