"""The weights of model folders."""

import hashlib
from pathlib import Path

import pytest
import torch

from model.errors import InputError
from model.network import RemoCap
from model.weights import halve_weights, load_weights, save_weights
from tests.model.seeded import TINY, ring, tiny_network


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    network, again = tiny_network(), RemoCap(TINY, ring())

    digest = save_weights(network, tmp_path / "weights.safetensors")
    load_weights(again, tmp_path / "weights.safetensors")

    assert digest == hashlib.sha256((tmp_path / "weights.safetensors").read_bytes()).hexdigest()
    ours, theirs = network.state_dict(), again.state_dict()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_half_the_space_holds_nearly_the_same(tmp_path: Path) -> None:
    network, again = tiny_network(), RemoCap(TINY, ring())
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    save_weights(network, whole)

    halve_weights(whole, half)
    load_weights(again, half)

    assert half.stat().st_size < 0.8 * whole.stat().st_size
    for name, value in again.state_dict().items():
        assert value.dtype == network.state_dict()[name].dtype
        torch.testing.assert_close(value, network.state_dict()[name], rtol=1e-3, atol=1e-6)
    layer = "coarse2intermediate_upsample.weight"
    assert torch.equal(again.state_dict()[layer], network.state_dict()[layer])


def test_what_is_too_large_for_half_precision_is_refused(tmp_path: Path) -> None:
    network = tiny_network()
    next(network.parameters()).data.fill_(1e6)
    save_weights(network, tmp_path / "whole.safetensors")

    with pytest.raises(InputError, match="too large"):
        halve_weights(tmp_path / "whole.safetensors", tmp_path / "half.safetensors")

    assert not (tmp_path / "half.safetensors").exists()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    save_weights(tiny_network(), tmp_path / "weights.safetensors")

    with pytest.raises(InputError, match=r"backbone\.ema_1") as caught:
        load_weights(
            RemoCap(TINY.model_copy(update={"sd": False}), ring()), tmp_path / "weights.safetensors"
        )
    assert caught.value.code == "bad_weights"


@pytest.mark.parametrize("content", [b"", b"hello, this is no such file", None])
def test_a_file_that_holds_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "weights.safetensors").write_bytes(content)

    with pytest.raises(InputError, match=r"weights\.safetensors"):
        load_weights(RemoCap(TINY, ring()), tmp_path / "weights.safetensors")
