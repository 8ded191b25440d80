"""The published network at full size, against what the original answered (tests/golden)."""

import copy
import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
import torch

from model.checkpoint import from_official
from model.fused.network import fuse
from model.network import Prediction, RemoCap
from tests.model.seeded import GOLDEN, ring, seeded_parameters, seeded_pixels, to_images

pytestmark = pytest.mark.slow

TOLERANCE = 2e-5
LEFT_OUT = {"none": ("ema_1.", "ema_S."), "sd": ("ema_S.",), "md": ("ema_1.",), "both": ()}
OUTPUTS = {"cam": "camera", "joints": "joints_m", "coarse": "coarse_m"}


@pytest.fixture(scope="module")
def parameters() -> dict[str, np.ndarray]:
    return seeded_parameters()


@pytest.fixture(scope="module")
def golden() -> Iterator[dict[str, np.ndarray]]:
    with np.load(GOLDEN / "golden.npz") as values:
        yield dict(values)


@pytest.fixture(scope="module")
def whole(parameters: dict[str, np.ndarray]) -> RemoCap:
    """SD, MD and the regressor."""
    return build(parameters, "both")


def build(parameters: dict[str, np.ndarray], mode: str) -> RemoCap:
    left_out = tuple(f"backbone.{name}" for name in LEFT_OUT[mode])
    state = {key: torch.from_numpy(x) for key, x in parameters.items()}
    return from_official(
        {key: x for key, x in state.items() if not key.startswith(left_out or ("-",))}, ring()
    )


def differences(
    network: torch.nn.Module,
    golden: dict[str, np.ndarray],
    mode: str,
    dtype: torch.dtype = torch.float32,
) -> dict[str, float]:
    """The largest difference of each output, by the original's names."""
    with torch.inference_mode():
        found: Prediction = network(to_images(seeded_pixels()).to(dtype))
    return {
        theirs: float(np.abs(getattr(found, ours).numpy() - golden[f"{mode}/{theirs}"]).max())
        for theirs, ours in {**OUTPUTS, "rotmat": "rotmat", "betas": "betas"}.items()
        if f"{mode}/{theirs}" in golden
    }


def test_the_parameters_are_those_the_original_ran_on(parameters: dict[str, np.ndarray]) -> None:
    digest = hashlib.sha256()
    for key in sorted(parameters):
        digest.update(key.encode() + parameters[key].tobytes())

    assert digest.hexdigest() == "c8529a7ebfedc0ee329dfc3d64d6d38b1c8bf617367f76aff8f80c49bcd04f73"


@pytest.mark.parametrize("mode", ["none", "sd", "md"])
def test_each_module_can_be_left_out(
    parameters: dict[str, np.ndarray], golden: dict[str, np.ndarray], mode: str
) -> None:
    found = differences(build(parameters, mode), golden, mode)

    assert max(found.values()) <= TOLERANCE


def test_the_whole_network_answers_as_the_original(
    whole: RemoCap, golden: dict[str, np.ndarray]
) -> None:
    found = differences(whole, golden, "both")

    assert max(found[name] for name in OUTPUTS) <= TOLERANCE
    assert max(found["rotmat"], found["betas"]) <= 5e-4  # see tests/golden/README.md


def test_the_exact_answer_is_as_far_from_the_original_as_its_rounding(
    whole: RemoCap, golden: dict[str, np.ndarray]
) -> None:
    found = differences(copy.deepcopy(whole).double(), golden, "both", torch.float64)

    assert max(found[name] for name in OUTPUTS) <= 7e-6
    assert found["rotmat"] <= 1.1e-4  # see tests/golden/README.md
    assert found["betas"] <= 1.6e-4


def test_intermediate_vertices_follow_from_coarse_ones(
    whole: RemoCap, golden: dict[str, np.ndarray]
) -> None:
    with torch.inference_mode():
        found = whole.intermediate_m(torch.from_numpy(golden["both/coarse"]))

    assert np.abs(found.numpy() - golden["both/intermediate"]).max() <= TOLERANCE


@pytest.mark.parametrize("packed", [False, True])
def test_so_does_its_faster_twin(
    whole: RemoCap, golden: dict[str, np.ndarray], packed: bool
) -> None:
    found = differences(fuse(whole, packed=packed), golden, "both")

    assert max(found[name] for name in OUTPUTS) <= TOLERANCE
