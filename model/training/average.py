"""An exponential moving average of a network, which errs less than the network itself."""

import copy

import torch
from torch import nn


class MovingAverage:
    """Follows a network step by step.

    Args:
        network: Copied as it is.
        decay: Share of the old average that a step keeps; less at the start, so that the first
            random weights are soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take in the network after a step, counted from 0. Buffers are taken as they are."""
        decay = min(self._decay, (1 + step) / (10 + step))
        pairs = zip(self.network.parameters(), network.parameters(), strict=True)
        for average, current in pairs:
            average.lerp_(current, 1 - decay)
        for kept, new in zip(self.network.buffers(), network.buffers(), strict=True):
            kept.copy_(new)
