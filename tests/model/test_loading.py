"""Models by name, from the seed and from weights."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from model.bodies import Body
from model.config import ModelCard
from model.errors import InputError, UsageError
from model.loading import load_model, load_network, pick_device
from model.network import RemoCap
from model.registry import find_model, weights_id
from model.weights import save_weights

Seeded = tuple[RemoCap, Body, ModelCard]


@pytest.fixture(scope="module")
def seeded() -> Seeded:
    return load_network("remocap-anny")


def save_copy(seeded: Seeded, models_dir: Path) -> Path:
    """Write the built-in network, with its parameters drawn, as a user's model `copy`."""
    network, _, card = seeded
    folder = models_dir / "copy"
    folder.mkdir()
    save_weights(network, folder / "weights.safetensors")
    sha256 = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    fields = {"name": "copy", "seed": None, "weights_sha256": sha256}
    copy = card.model_copy(update=fields)
    (folder / "model.json").write_text(copy.model_dump_json())
    return folder


def equal(network: RemoCap, other: RemoCap) -> bool:
    ours, theirs = network.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_a_seeded_model_is_the_same_each_time(seeded: Seeded) -> None:
    again, _, _ = load_network("remocap-anny")

    assert equal(again, seeded[0])


def test_the_untrained_model_shows_a_standing_person() -> None:
    model = load_model("remocap-anny", device="cpu")
    pixels = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)

    estimate = model.predictor.predict(pixels)

    assert model.body.rest_coarse_m is not None
    deviation_m = np.linalg.norm(estimate.coarse_m - model.body.rest_coarse_m, axis=-1)
    assert deviation_m.mean() < 0.05
    assert model.upsampling(estimate.coarse_m).shape == (8, 6890, 3)
    assert not model.card.trained
    assert model.weights_sha256 == weights_id(model.card)


def test_weights_of_a_folder_are_loaded(seeded: Seeded, tmp_path: Path) -> None:
    save_copy(seeded, tmp_path)

    network, body, card = load_network("copy", tmp_path)

    assert (card.name, body.name) == ("copy", "anny")
    assert weights_id(card) == find_model("copy", tmp_path).card.weights_sha256
    assert equal(network, seeded[0])


def test_weights_that_are_not_those_of_the_card_are_refused(seeded: Seeded, tmp_path: Path) -> None:
    card_path = save_copy(seeded, tmp_path) / "model.json"
    fields = json.loads(card_path.read_text())
    card_path.write_text(json.dumps(fields | {"weights_sha256": "0" * 64}))

    with pytest.raises(InputError) as raised:
        load_model("copy", tmp_path, device="cpu")

    assert raised.value.code == "bad_weights"


def test_a_body_that_is_not_there_is_named(seeded: Seeded, tmp_path: Path) -> None:
    card_path = save_copy(seeded, tmp_path) / "model.json"
    fields = json.loads(card_path.read_text())
    card_path.write_text(json.dumps(fields | {"body": "smpl"}))

    with pytest.raises(UsageError, match="import smpl") as raised:
        load_network("copy", tmp_path)

    assert raised.value.code == "unknown_body"


def test_auto_is_a_device_that_is_there() -> None:
    gpus = torch.cuda.device_count()

    assert pick_device("auto") == ("cuda:0" if gpus else "cpu")
    assert pick_device("cpu") == "cpu"
    with pytest.raises(UsageError) as raised:
        pick_device(f"cuda:{gpus}")
    assert raised.value.code == "unavailable_device"
