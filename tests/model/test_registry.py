"""Model folders: found by name, checked, and never outside their place."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.bodies import load_body
from model.errors import InputError, UsageError
from model.registry import (
    ModelFolder,
    check_weights,
    find_model,
    list_models,
    load_card,
    load_upsampling,
    weights_id,
)
from model.types import COARSE, INTERMEDIATE, Array
from model.upsample import Upsampling


def add_model(models_dir: Path, name: str, /, **fields: Any) -> Path:
    """Write a model folder whose card has these fields; None takes a field out."""
    folder = models_dir / name
    folder.mkdir(parents=True)
    card = {"name": name, "body": "anny", "licence": "none", "trained": False, "seed": 1} | fields
    known = {field: value for field, value in card.items() if value is not None}
    (folder / "model.json").write_text(json.dumps(known))
    return folder


def add_weights(models_dir: Path, arrays: dict[str, Array]) -> ModelFolder:
    """Write a model folder with weights of these arrays."""
    path = models_dir / "weights"
    save_file(arrays, path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    folder = add_model(models_dir, "learned", seed=None, weights_sha256=sha256)
    path.rename(folder / "weights.safetensors")
    return ModelFolder(folder, load_card(folder))


def test_the_builtin_model_is_there_with_its_weights() -> None:
    (model,) = list_models()

    check_weights(model)
    assert (model.card.name, model.card.body) == ("remocap-anny", "anny")
    assert model.card.trained
    assert model.weights_path.stat().st_size < 20e6
    for word in ("Apache", "MediaPipe", "CC0"):
        assert word in model.card.licence


def test_a_users_model_goes_before_the_builtin_one(tmp_path: Path) -> None:
    add_model(tmp_path, "remocap-anny", licence="mine")

    models = list_models(tmp_path)

    assert [model.card.licence for model in models] == ["mine"]


def test_models_are_listed_by_name_without_what_is_no_model(tmp_path: Path) -> None:
    add_model(tmp_path, "zeta")
    add_model(tmp_path, "alpha")
    (tmp_path / "bodies").mkdir()

    names = [model.card.name for model in list_models(tmp_path)]

    assert names == ["alpha", "remocap-anny", "zeta"]


@pytest.mark.parametrize("name", ["absent", "", ".", "..", "../outside", "/outside", "a\0b"])
def test_a_name_that_is_no_model_lists_those_there_are(name: str, tmp_path: Path) -> None:
    add_model(tmp_path, "outside")
    add_model(tmp_path / "models", "mine")

    with pytest.raises(UsageError, match="one of mine, remocap-anny") as raised:
        find_model(name, tmp_path / "models")

    assert raised.value.code == "unknown_model"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"flavour": "new"}, "flavour"),
        ({"body": None}, "body"),
        ({"body": "../anny"}, "body"),
        ({"trained": "yes"}, "trained"),
        ({"network": {"backbone": {"width": 0}}}, r"network\.backbone\.width"),
        ({"name": "other"}, "folder's, 'odd'"),
        ({"seed": None}, "either a seed or"),
        ({"weights_sha256": "0" * 64}, "either a seed or"),
        ({"trained": True}, "trained is true"),
    ],
)
def test_a_card_that_is_wrong_says_where(fields: Any, reason: str, tmp_path: Path) -> None:
    folder = add_model(tmp_path, "odd", **fields)

    with pytest.raises(InputError, match=rf"odd/model\.json.*{reason}") as raised:
        load_card(folder)

    assert raised.value.code == "bad_model"
    assert "\n" not in raised.value.message


def test_a_card_that_is_no_json_is_bad(tmp_path: Path) -> None:
    (add_model(tmp_path, "odd") / "model.json").write_text("{")

    with pytest.raises(InputError, match="Invalid JSON") as raised:
        load_card(tmp_path / "odd")

    assert raised.value.code == "bad_model"


def test_a_card_that_changes_is_read_again(tmp_path: Path) -> None:
    folder = add_model(tmp_path, "mine", licence="none")
    assert load_card(folder).licence == "none"

    text = (folder / "model.json").read_text()
    (folder / "model.json").write_text(text.replace('"none"', '"free"'))  # of the same size
    os.utime(folder / "model.json", (1e9, 1e9))

    assert load_card(folder).licence == "free"


def test_seeded_models_are_told_apart_by_their_cards(tmp_path: Path) -> None:
    one, other = add_model(tmp_path, "a"), add_model(tmp_path, "b", seed=2)

    ids = {weights_id(load_card(folder)) for folder in (one, one, other)}

    assert len(ids) == 2


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    model = add_weights(tmp_path, {"any": np.zeros(3, np.float32)})
    check_weights(model)
    assert weights_id(model.card) == model.card.weights_sha256

    with model.weights_path.open("ab") as file:
        file.write(b"!")

    with pytest.raises(InputError, match="SHA-256") as raised:
        check_weights(model)
    assert raised.value.code == "bad_weights"


def test_upsampling_is_that_of_the_weights(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.normal(size=(INTERMEDIATE, COARSE)).astype(np.float32)
    bias = rng.normal(size=INTERMEDIATE).astype(np.float32)
    name = "coarse2intermediate_upsample"
    model = add_weights(tmp_path, {f"{name}.weight": weight, f"{name}.bias": bias})

    upsampling = load_upsampling(model, load_body("anny"))

    expected = Upsampling.from_layers(weight, bias, load_body("anny"))
    np.testing.assert_array_equal(upsampling.weight, expected.weight)
    np.testing.assert_array_equal(upsampling.bias, expected.bias)


@pytest.mark.parametrize("shape", [None, (3, 3)])
def test_weights_without_the_layer_are_bad(shape: tuple[int, ...] | None, tmp_path: Path) -> None:
    name = "coarse2intermediate_upsample" if shape else "other"
    zeros = np.zeros(shape or (1, 1), np.float32)
    model = add_weights(tmp_path, {f"{name}.weight": zeros, f"{name}.bias": zeros})

    with pytest.raises(InputError, match="coarse2intermediate_upsample") as raised:
        load_upsampling(model, load_body("anny"))

    assert raised.value.code == "bad_weights"


def test_upsampling_of_a_seeded_model_is_the_bodys_own() -> None:
    body = load_body("anny")
    assert body.coarse_to_intermediate is not None
    assert body.rest_coarse_m is not None

    fine_m = load_upsampling(find_model("remocap-anny"), body)(body.rest_coarse_m[None])

    intermediate_m = fine_m[0, body.fine_to_intermediate]
    own_m = body.coarse_to_intermediate @ body.rest_coarse_m
    assert np.linalg.norm(intermediate_m - own_m, axis=1).mean() < 0.001


def test_torch_is_not_imported() -> None:
    program = "import sys, model.registry as r; r.list_models(); sys.exit('torch' in sys.modules)"

    status = subprocess.run([sys.executable, "-c", program], check=False).returncode

    assert status == 0
