from pathlib import Path

import pytest
import torch

from model.bodies import load_body
from model.config import NetworkConfig
from model.errors import InputError
from model.training.start import build_network
from model.weights import save_weights
from tests.model.training.tiny import TINY

BODY = load_body("anny")
CONFIG = NetworkConfig.model_validate(TINY)


def test_goes_on_from_weights_of_the_same_network(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    first = build_network(CONFIG, BODY, seed=1, start=None)
    save_weights(first, path)

    second = build_network(CONFIG, BODY, seed=2, start=path)

    torch.testing.assert_close(second.state_dict(), first.state_dict(), rtol=0, atol=0)


def test_goes_on_from_a_published_checkpoint_without_sd_and_md(tmp_path: Path) -> None:
    plain = CONFIG.model_copy(update={"sd": False, "md": False})
    before = build_network(plain, BODY, seed=1, start=None)
    path = tmp_path / "state_dict.bin"
    torch.save(before.state_dict(), path)

    network = build_network(CONFIG, BODY, seed=2, start=path)

    after = network.state_dict()
    assert {k for k in after if k not in before.state_dict()} == {
        k for k in after if k.startswith(("backbone.ema_1.", "backbone.ema_S."))
    }
    torch.testing.assert_close(after["conv_1x1.weight"], before.state_dict()["conv_1x1.weight"])


def test_goes_on_from_weights_without_sd_and_md_with_gates_that_are_open(tmp_path: Path) -> None:
    plain = CONFIG.model_copy(update={"sd": False, "md": False})
    before, path = build_network(plain, BODY, seed=1, start=None), tmp_path / "w.safetensors"
    save_weights(before, path)

    network = build_network(CONFIG, BODY, seed=2, start=path).eval()

    images = torch.randn(8, 3, 224, 224)
    with torch.inference_mode():
        apart_m = (network(images).coarse_m - before.eval()(images).coarse_m).abs().mean()
    assert apart_m < 0.01


def test_a_checkpoint_of_other_sizes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state_dict.bin"
    torch.save(build_network(CONFIG, BODY, seed=1, start=None).state_dict(), path)
    transformer = CONFIG.transformer.model_copy(update={"hidden": (32, 32)})
    other = CONFIG.model_copy(update={"transformer": transformer})

    with pytest.raises(InputError, match="of another network") as caught:
        build_network(other, BODY, seed=1, start=path)

    assert caught.value.code == "bad_checkpoint"
