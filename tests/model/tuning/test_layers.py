from pathlib import Path

import numpy as np
import pytest
import torch

from model.blazepose.tflite_file import read_tflite, replace_constants
from model.landmarks import TAUGHT
from model.litert import FOLDER, LiteRT
from model.tuning.layers import FILE, EarlyLayers, LateLayers, as_tensors
from tests.model.blazepose.test_torch_landmarks import cut_people


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.rint(cut_people(3) * 255).astype(np.uint8)


def test_both_halves_answer_as_the_whole(images: np.ndarray) -> None:
    early, late, whole = EarlyLayers(), LateLayers(), LiteRT(FILE)
    seen = [early(image) for image in images]
    skips = tuple(as_tensors(np.stack([s.skips[n] for s in seen[:2]])) for n in range(3))

    with torch.no_grad():
        answer = late(as_tensors(np.stack([s.features for s in seen])), skips)

    assert answer.mask is not None
    assert answer.mask.shape == (2, 256, 256)
    for row, image in enumerate(images):
        whole.run(image / np.float32(255))
        np.testing.assert_allclose(seen[row].points.ravel(), whole.output(195), atol=1e-4)
        apart_px = answer.points[row, :, :3].numpy() - whole.output(195).reshape(39, 5)[:, :3]
        assert np.abs(apart_px).max() < 1  # features are kept in half precision
        np.testing.assert_allclose(answer.world_m[row].ravel(), whole.output(117), atol=0.01)
        np.testing.assert_allclose(answer.presence[row], whole.output(1)[0], atol=0.01)
    is_person = np.stack([s.mask for s in seen[:2]]) > 0
    assert np.mean((answer.mask > 0).numpy() == is_person) > 0.999


def test_layers_that_were_taught_nothing_leave_the_file_as_it_is() -> None:
    content = (FOLDER / FILE).read_bytes()

    assert replace_constants(content, LateLayers().constants()) == content


def test_what_was_taught_comes_back_from_the_file(
    tmp_path_factory: pytest.TempPathFactory, images: np.ndarray
) -> None:
    late, file = LateLayers(), tmp_path_factory.mktemp("taught") / "taught.tflite"
    late.raise_presence(5.0)
    file.write_bytes(replace_constants((FOLDER / FILE).read_bytes(), late.constants()))

    before, after = LiteRT(FILE), LiteRT(str(file))

    for network in (before, after):
        network.run(images[0] / np.float32(255))
    odds = [network.output(1)[0] / (1 - network.output(1)[0]) for network in (before, after)]
    assert np.log(odds[1] / odds[0]) == pytest.approx(5, abs=0.1)


def test_every_constant_has_a_place_of_its_own(tmp_path: Path) -> None:
    rng, file = np.random.default_rng(0), tmp_path / "other.tflite"
    other = {
        number: rng.normal(0, 1, values.shape).astype(np.float32)
        for number, values in LateLayers().constants().items()
    }

    file.write_bytes(replace_constants((FOLDER / FILE).read_bytes(), other))

    found = read_tflite(file).constants
    for number, values in other.items():
        np.testing.assert_allclose(found[number], values, rtol=1e-3, atol=1e-3)


def test_a_constant_of_another_shape_is_refused() -> None:
    constants = {number: value[..., :1] for number, value in LateLayers().constants().items()}

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
    late = LateLayers().constants().keys()
    assert changed <= late
    assert len(changed) > 0.9 * len(late)
