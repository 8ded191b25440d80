from pathlib import Path

import numpy as np
import pytest
import torch

from model.blazepose.tflite_file import read_tflite, replace_constants
from model.blazepose.torch_landmarks import FILE, TorchLandmarks
from model.landmarks import TAUGHT
from model.litert import FOLDER, LiteRT
from model.tuning.layers import TaughtLayers, as_crops
from tests.model.blazepose.test_torch_landmarks import cut_people


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.rint(cut_people(3) * 255).astype(np.uint8)


@pytest.mark.parametrize("file", [FILE, TAUGHT])
@torch.no_grad()
def test_it_answers_as_the_whole_network_does(images: np.ndarray, file: str) -> None:
    crops = as_crops(images)
    whole = TorchLandmarks(FOLDER / file)(crops)

    answer = TaughtLayers(FOLDER / file)(crops, masks=2)

    assert answer.mask is not None
    assert answer.mask.shape == (2, 256, 256)
    assert (answer.points - whole.points)[..., :2].abs().mean() < 1.5
    assert (answer.world_m - whole.world_m).abs().mean() < 0.015
    torch.testing.assert_close(answer.presence, whole.presence, atol=0.02, rtol=0)
    assert ((answer.mask > 0) == (whole.mask[:2] > 0)).float().mean() > 0.99


def test_every_layer_is_taught(images: np.ndarray) -> None:
    layers = TaughtLayers()

    answer = layers(as_crops(images), masks=1)
    assert answer.mask is not None
    (
        answer.points.sum() + answer.world_m.sum() + answer.presence.sum() + answer.mask.sum()
    ).backward()

    for name, parameter in layers.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_layers_that_were_taught_nothing_leave_the_file_as_it_is() -> None:
    content = (FOLDER / FILE).read_bytes()

    assert replace_constants(content, TaughtLayers().constants()) == content


def test_teaching_goes_on_from_a_file_that_was_taught() -> None:
    content, taught = (FOLDER / FILE).read_bytes(), FOLDER / TAUGHT

    assert replace_constants(content, TaughtLayers(taught).constants()) == taught.read_bytes()


def test_what_was_taught_comes_back_from_the_file(
    tmp_path_factory: pytest.TempPathFactory, images: np.ndarray
) -> None:
    layers, file = TaughtLayers(), tmp_path_factory.mktemp("taught") / "taught.tflite"
    layers.raise_presence(5.0)
    file.write_bytes(replace_constants((FOLDER / FILE).read_bytes(), layers.constants()))

    before, after = LiteRT(FILE), LiteRT(str(file))

    for network in (before, after):
        network.run(images[0] / np.float32(255))
    odds = [network.output(1)[0] / (1 - network.output(1)[0]) for network in (before, after)]
    assert np.log(odds[1] / odds[0]) == pytest.approx(5, abs=0.1)


def test_every_constant_has_a_place_of_its_own(tmp_path: Path) -> None:
    rng, file = np.random.default_rng(0), tmp_path / "other.tflite"
    other = {
        number: rng.normal(0, 1, values.shape).astype(np.float32)
        for number, values in TaughtLayers().constants().items()
    }

    file.write_bytes(replace_constants((FOLDER / FILE).read_bytes(), other))

    found = read_tflite(file).constants
    for number, values in other.items():
        np.testing.assert_allclose(found[number], values, rtol=1e-3, atol=1e-3)


def test_a_constant_of_another_shape_is_refused() -> None:
    constants = {number: value[..., :1] for number, value in TaughtLayers().constants().items()}

    with pytest.raises(ValueError, match="expected"):
        replace_constants((FOLDER / FILE).read_bytes(), constants)


def test_the_file_that_ships_is_the_published_one_but_for_what_was_taught() -> None:
    published, taught = (read_tflite(FOLDER / name) for name in (FILE, TAUGHT))

    assert taught.operations == published.operations
    assert taught.constants.keys() == published.constants.keys()
    read = {number for operation in published.operations for number in operation.inputs}
    changed = {
        number
        for number in read & published.constants.keys()
        if not np.array_equal(published.constants[number], taught.constants[number])
    }
    layers = TaughtLayers().constants().keys()
    assert changed <= layers
    assert len(changed) > 0.9 * len(layers)
