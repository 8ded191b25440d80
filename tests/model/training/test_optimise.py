import pytest
import torch
from torch import nn

from model.training.optimise import (
    PUBLISHED_OPTIMISERS,
    OptimiserConfig,
    build_optimiser,
    learning_rate,
)


def rates(config: OptimiserConfig, steps: int, per_epoch: int = 10) -> list[float]:
    return [learning_rate(config, step, steps, per_epoch) for step in range(steps)]


def test_the_rate_rises_then_falls_as_a_cosine() -> None:
    values = rates(OptimiserConfig(lr=1.0, warmup_steps=10), 110)

    assert values[:10] == pytest.approx([0.1 * (i + 1) for i in range(10)])
    assert values[10] == 1
    assert values[60] == pytest.approx(0.5)
    assert values[-1] < 0.001
    assert values[10:] == sorted(values[10:], reverse=True)


def test_the_published_rate_falls_by_a_tenth_every_100_epochs() -> None:
    values = rates(PUBLISHED_OPTIMISERS["published_3dpw"], 250, per_epoch=1)

    assert values[:100] == [1e-6] * 100
    assert values[100:200] == pytest.approx([1e-7] * 100)
    assert values[200:] == pytest.approx([1e-8] * 50)


def test_published_sgd_is_plain() -> None:
    optimiser = build_optimiser(nn.Linear(2, 2), PUBLISHED_OPTIMISERS["published_h36m"])

    assert isinstance(optimiser, torch.optim.SGD)
    for group in optimiser.param_groups:
        assert group["momentum"] == group["weight_decay"] == 0


def test_adamw_does_not_decay_biases() -> None:
    network = nn.Linear(2, 3)

    decayed, free = build_optimiser(network, OptimiserConfig()).param_groups

    assert [p is network.weight for p in decayed["params"]] == [True]
    assert [p is network.bias for p in free["params"]] == [True]
    assert (decayed["weight_decay"], free["weight_decay"]) == (1e-4, 0)


def test_the_upsampling_moves_by_a_rate_of_its_own() -> None:
    network = nn.ModuleDict({"coarse2intermediate_upsample": nn.Linear(2, 3)})

    (group,) = build_optimiser(network, OptimiserConfig(upsampling=0.1)).param_groups

    assert (len(group["params"]), group["factor"], group["weight_decay"]) == (2, 0.1, 0)
