"""Models by name, from the seed and from weights."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bodies import load_body
from model.errors import InputError, UsageError
from model.loading import choose_device, load_model, load_network
from model.network import RemoCap
from model.registry import ModelFolder, find_model, weights_id
from model.weights import save_weights
from tests.model.untrained import add_untrained


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    return add_untrained(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def seeded(untrained: ModelFolder) -> RemoCap:
    return load_network(untrained, load_body("anny"))


def save_copy(seeded: RemoCap, models_dir: Path, **fields: object) -> None:
    """Write the seeded network, with its parameters drawn, as a user's model `copy`."""
    folder = models_dir / "copy"
    folder.mkdir()
    save_weights(seeded, folder / "weights.safetensors")
    sha256 = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    card = add_untrained(models_dir).card
    copy = {"name": "copy", "seed": None, "weights_sha256": sha256} | fields
    (folder / "model.json").write_text(card.model_copy(update=copy).model_dump_json())


def equal(network: RemoCap, other: RemoCap) -> bool:
    ours, theirs = network.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_a_seeded_model_is_the_same_each_time(seeded: RemoCap, untrained: ModelFolder) -> None:
    again = load_network(untrained, load_body("anny"))

    assert equal(again, seeded)


def test_an_untrained_model_shows_a_standing_person(untrained: ModelFolder) -> None:
    model = load_model("untrained", untrained.path.parent, device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)

    estimate = model.predictor.predict(pixels)

    assert model.body.rest_coarse_m is not None
    deviation_m = np.linalg.norm(estimate.coarse_m - model.body.rest_coarse_m, axis=-1)
    assert deviation_m.mean() < 0.15  # of a body 1.7 m tall
    assert model.upsampling(estimate.coarse_m).shape == (8, 6890, 3)
    assert not model.card.trained
    assert model.weights_sha256 == weights_id(model.card)


def test_weights_of_a_folder_are_loaded(seeded: RemoCap, tmp_path: Path) -> None:
    save_copy(seeded, tmp_path)

    network = load_network(find_model("copy", tmp_path), load_body("anny"))

    assert equal(network, seeded)
    assert not network.training


def test_weights_that_are_not_those_of_the_card_are_refused(
    seeded: RemoCap, tmp_path: Path
) -> None:
    save_copy(seeded, tmp_path, weights_sha256="0" * 64)

    with pytest.raises(InputError) as raised:
        load_model("copy", tmp_path, device="cpu")

    assert raised.value.code == "bad_weights"


def test_a_body_that_is_not_there_is_named(seeded: RemoCap, tmp_path: Path) -> None:
    save_copy(seeded, tmp_path, body="smpl")

    with pytest.raises(UsageError, match="import smpl") as raised:
        load_model("copy", tmp_path, device="cpu")

    assert raised.value.code == "unknown_body"


def test_a_seed_needs_a_body_with_a_rest_pose(untrained: ModelFolder) -> None:
    with pytest.raises(InputError, match="rest pose") as raised:
        load_network(untrained, replace(load_body("anny"), rest_coarse_m=None))

    assert raised.value.code == "bad_model"


def test_auto_is_a_device_that_is_there() -> None:
    assert choose_device("auto") == ("cuda" if torch.cuda.device_count() else "cpu")
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("name", ["abacus", "cuda:x", "", f"cuda:{torch.cuda.device_count()}"])
def test_a_device_that_is_not_there_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=f"device is '{name}'") as raised:
        choose_device(name)

    assert raised.value.code == "no_such_device"
