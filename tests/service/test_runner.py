"""The network as a worker sees it."""

from typing import Any

import numpy as np
import pytest
import torch

from model.errors import UsageError
from model.inference import Predictor, load_predictor
from model.registry import find_model, weights_id
from model.types import Array
from service.execution import Execution
from service.runner import NetworkRunner, OutOfMemoryError, blank_inputs, load_runner
from service.settings import load_settings
from tests.model.seeded import seeded_pixels, tiny_network


def runner_of(predictor: Predictor) -> NetworkRunner:
    return NetworkRunner("tiny@000000000000", "pixels", predictor)


def raising(error: Exception) -> NetworkRunner:
    def network(_: Any) -> Any:
        raise error

    return runner_of(Predictor(network, torch.device("cpu"), torch.float32))


def test_clips_answered_together_are_answered_as_if_each_were_alone() -> None:
    predictor = load_predictor(tiny_network())
    clips: list[Array] = [seeded_pixels(1), seeded_pixels(2)]

    answers = Execution(runner_of(predictor), 16).answer(clips)

    for clip, answer in zip(clips, answers, strict=True):
        assert not isinstance(answer, Exception)
        expected = predictor.predict(clip).coarse_m
        np.testing.assert_allclose(answer.coarse_m, expected, atol=2e-5)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
    ],
    ids=["gpu", "cpu"],
)
def test_torch_s_ways_of_saying_out_of_memory_are_one_error(error: Exception) -> None:
    with pytest.raises(OutOfMemoryError, match=r"memory"):
        raising(error).predict(blank_inputs("pixels", 1))


def test_any_other_error_of_torch_s_stays_as_it_is() -> None:
    with pytest.raises(RuntimeError, match="device-side assert"):
        raising(RuntimeError("device-side assert")).predict(blank_inputs("pixels", 1))


def test_the_model_in_force_is_loaded_under_its_key_and_answers() -> None:
    card = find_model("remocap-anny").card

    runner = load_runner(load_settings(device="cpu"))

    assert runner.key == f"remocap-anny@{weights_id(card)[:12]}"
    assert np.isfinite(runner.predict(runner.blank(1)).coarse_m).all()


def test_without_the_test_setting_nothing_sleeps() -> None:
    with pytest.raises(UsageError, match="no model 'sleeping'"):
        load_runner(load_settings(model="sleeping"))


def test_with_the_test_setting_the_sleeping_model_stands_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REMOCAP_TEST_SLEEPING", "1")

    assert load_runner(load_settings()).key.startswith("sleeping@")
