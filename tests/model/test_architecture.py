"""What a checkpoint was made by."""

import pytest
import torch

from model.architecture import architecture_of
from model.config import NetworkConfig, TransformerConfig
from model.network import RemoCap
from tests.model.seeded import TINY, ring


def state_of(config: NetworkConfig) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return RemoCap(config, ring()).state_dict()


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_the_published_sizes_are_told_apart(layers: int) -> None:
    config = NetworkConfig(transformer=TransformerConfig(layers=layers))

    assert architecture_of(state_of(config)) == config


@pytest.mark.parametrize("changes", [{}, {"sd": False}, {"md": False}, {"smpl_regressor": True}])
def test_every_part_is_found_by_its_parameters(changes: dict[str, bool]) -> None:
    config = TINY.model_copy(update=changes)

    assert architecture_of(state_of(config)) == config


def test_a_misshapen_parameter_does_not_mislead() -> None:
    state = state_of(TINY)
    state["backbone.stage2.0.branches.0.0.conv1.weight"] = torch.empty(9, 4, 3, 3)

    assert architecture_of(state) == TINY


def test_of_nothing_the_published_network_is_expected() -> None:
    config = NetworkConfig(sd=False, md=False)

    assert architecture_of({}) == config
