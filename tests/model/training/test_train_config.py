from pathlib import Path

import pytest

from model.errors import UsageError
from model.training.loss_config import PUBLISHED_LOSSES
from model.training.optimise import PUBLISHED_OPTIMISERS
from model.training.train_config import load_train_config

LEAST = "name: a\nlicence: free\ntrain: sets/a.yaml\n"


def test_paths_are_beside_the_file_and_the_rest_has_defaults(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(LEAST)

    config = load_train_config(path)

    assert config.train == (tmp_path / "sets" / "a.yaml",)
    assert config.validate_on == ()
    assert config.start is None
    assert config.optimiser.name == "adamw"


def test_several_sets_may_be_named(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(LEAST + "validate_on: [b, c]\n")

    assert load_train_config(path).validate_on == (tmp_path / "b", tmp_path / "c")


def test_published_settings_go_by_their_name(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(LEAST + "loss: published_h36m\noptimiser: published_3dpw\n")

    config = load_train_config(path)

    assert config.loss == PUBLISHED_LOSSES["published_h36m"]
    assert config.optimiser == PUBLISHED_OPTIMISERS["published_3dpw"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("licence: free\ntrain: a\n", "name: Field required"),
        (LEAST + "loop: {epoch: 3}\n", "loop.epoch"),
        (LEAST + "optimiser: {lr: -1}\n", "optimiser.lr"),
        (LEAST + "loss: published\n", "loss"),
        ("[", "cannot be read"),
        ("", "the file"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)

    with pytest.raises(UsageError, match=named) as caught:
        load_train_config(path)

    assert caught.value.code == "bad_train_config"
    assert "\n" not in caught.value.message
