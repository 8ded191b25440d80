"""The optimiser, and its learning rate as a pure function of the step."""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat
from torch import nn, optim

from model.registry import UPSAMPLING_LAYER


class OptimiserConfig(BaseModel):
    """How parameters move.

    Attributes:
        name: AdamW (Loshchilov & Hutter 2019), or plain SGD as in the published scripts.
        lr: Highest learning rate. 1e-4 suits training from scratch, 2e-5 fine-tuning.
        weight_decay: Of matrices and kernels.
        warmup_steps: Steps over which the rate rises from 0.
        schedule: How it falls: half a cosine to the end, by a tenth every `step_epochs`, or not.
        step_epochs: See there.
        upsampling: Factor on the rate of the layer that up-samples coarse vertices. AdamW moves
            each of the 431 weights of a vertex by the rate; at the full rate that adds up to
            centimetres a step, and the coarse vertices drift off to make up for it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["adamw", "sgd"] = "adamw"
    lr: PositiveFloat = 1e-4
    weight_decay: NonNegativeFloat = 1e-4
    warmup_steps: NonNegativeInt = 500
    schedule: Literal["cosine", "step", "constant"] = "cosine"
    step_epochs: int = Field(default=100, ge=1)
    upsampling: NonNegativeFloat = 0.01


PUBLISHED_OPTIMISERS = {
    "published_3dpw": OptimiserConfig(
        name="sgd", lr=1e-6, weight_decay=0, warmup_steps=0, schedule="step", upsampling=1
    ),
    "published_h36m": OptimiserConfig(
        name="sgd", lr=1e-5, weight_decay=0, warmup_steps=0, schedule="step", upsampling=1
    ),
}
"""As the published scripts have them. With gradients clipped to 0.3, the first cannot move the
parameter vector by more than 0.006 in all its 600 epochs: it fine-tunes batch norms, little else.
"""


def build_optimiser(network: nn.Module, config: OptimiserConfig) -> optim.Optimizer:
    """An optimiser over all parameters; each group's `factor` is to multiply the learning rate.

    Neither biases and norms decay, nor the up-sampling.
    """
    upsampling: list[nn.Parameter] = []
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        kind = matrices if parameter.ndim > 1 else vectors
        (upsampling if UPSAMPLING_LAYER in name else kind).append(parameter)
    groups = [
        {"params": matrices, "weight_decay": config.weight_decay, "factor": 1.0},
        {"params": vectors, "weight_decay": 0.0, "factor": 1.0},
        {"params": upsampling, "weight_decay": 0.0, "factor": config.upsampling},
    ]
    groups = [group for group in groups if group["params"]]
    if config.name == "sgd":
        return optim.SGD(groups, lr=config.lr, fused=True)
    return optim.AdamW(groups, lr=config.lr, fused=True)


def learning_rate(config: OptimiserConfig, step: int, steps: int, steps_per_epoch: int) -> float:
    """The rate at a step.

    Args:
        config: Peak and shape.
        step: From 0.
        steps: In all.
        steps_per_epoch: For the schedule `step`.
    """
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    if config.schedule == "step":
        return config.lr * 0.1 ** (step // (config.step_epochs * steps_per_epoch))
    done = (step - config.warmup_steps) / max(1, steps - config.warmup_steps)
    return config.lr * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
