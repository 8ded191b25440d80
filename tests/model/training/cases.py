"""Seeded tensors with the published loss terms and metrics of them (tests/golden)."""

from functools import cache
from pathlib import Path

import numpy as np
import torch

PATH = Path(__file__).parents[2] / "golden" / "loss_metric_cases.npz"


@cache
def load_cases() -> dict[str, np.ndarray]:
    """Every array of the file by name: `in_*`, `loss_*`, `metric_*`."""
    with np.load(PATH) as file:
        return dict(file)


def tensor(name: str) -> torch.Tensor:
    """An input of the published loss, as `in_<name>` holds it."""
    return torch.from_numpy(load_cases()[f"in_{name}"].copy())


def expected(name: str) -> float:
    """What the published code made of the inputs, as `loss_<name>` holds it."""
    return float(load_cases()[f"loss_{name}"])
