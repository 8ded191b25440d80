"""Published checkpoints: what is taken, and what is refused by name."""

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from model.checkpoint import from_official, import_checkpoint, load_official, read_official
from model.errors import InputError, UsageError
from model.network import RemoCap
from model.registry import load_card
from model.weights import load_weights
from tests.model.seeded import ring, tiny_network

KEY = "transformer_1.decoder.layers.0.norm3.weight"


@pytest.fixture(scope="module")
def network() -> RemoCap:
    return tiny_network()


@pytest.fixture
def state(network: RemoCap) -> dict[str, Any]:
    return dict(network.state_dict())


def same(network: RemoCap, other: RemoCap) -> bool:
    theirs = other.state_dict()
    return all(torch.equal(x, theirs[key]) for key, x in network.state_dict().items())


@pytest.mark.parametrize("wrapping", ["state_dict", "model"])
def test_wrappings_and_prefixes_come_off(
    network: RemoCap, state: dict[str, Any], wrapping: str
) -> None:
    wrapped = {wrapping: {f"module.module.{key}": x for key, x in state.items()}, "epoch": 3}

    assert same(from_official(wrapped, ring()), network)


def test_what_the_network_never_uses_is_dropped_with_a_note(
    network: RemoCap, state: dict[str, Any]
) -> None:
    state |= {"backbone.classifier.bias": torch.zeros(1000), "mea.gn.weight": torch.zeros(4)}

    found, notes = read_official(state, ring())

    assert same(found, network)
    assert [note.split()[1] for note in notes] == ["backbone.classifier.*,", "mea.*,"]


def test_batch_counts_may_be_absent(network: RemoCap, state: dict[str, Any]) -> None:
    found, notes = read_official(
        {key: x for key, x in state.items() if not key.endswith("num_batches_tracked")}, ring()
    )

    assert same(found, network)
    assert "batch norms" in notes[0]


def test_without_sd_and_md_it_is_fastmetro(state: dict[str, Any]) -> None:
    plain = {key: x for key, x in state.items() if ".ema_" not in key}

    config = from_official(plain, ring()).config

    assert (config.sd, config.md) == (False, False)


def renamed(state: dict[str, Any]) -> None:
    state[KEY + "s"] = state.pop(KEY)


def missing(state: dict[str, Any]) -> None:
    del state[KEY]


def surplus(state: dict[str, Any]) -> None:
    state["transformer_3.weight"] = torch.zeros(3)


def misshapen(state: dict[str, Any]) -> None:
    state[KEY] = torch.zeros(5)


def half_an_sd(state: dict[str, Any]) -> None:
    del state["backbone.ema_1.gn.bias"]


def no_tensor(state: dict[str, Any]) -> None:
    state[KEY] = "hello"


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (renamed, f"missing: {KEY}; left over: {KEY}s"),
        (missing, f"missing: {KEY}$"),
        (surplus, "left over: transformer_3.weight$"),
        (misshapen, rf"of the wrong shape: {KEY} is \[5\], expected \[32\]"),
        (half_an_sd, "missing: backbone.ema_1.gn.bias$"),
        (no_tensor, f"{KEY}.*str"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    state: dict[str, Any], spoil: Any, named: str
) -> None:
    spoil(state)

    with pytest.raises(InputError, match=named) as caught:
        from_official(state, ring())
    assert caught.value.code == "bad_checkpoint"


class Evil:
    """Runs a command when it is unpickled without care."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_malicious_pickle_does_not_run(tmp_path: Path, legacy: bool) -> None:
    path, trace = tmp_path / "state_dict.bin", tmp_path / "trace"
    evil = {"state_dict": Evil(f"touch {trace}")}
    if legacy:
        path.write_bytes(pickle.dumps(evil, protocol=2))
    else:
        torch.save(evil, path)

    with pytest.raises(InputError, match=r"state_dict\.bin"):
        load_official(path, ring())
    assert not trace.exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + bytes(60), None])
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "state_dict.bin"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(InputError, match=r"state_dict\.bin"):
        load_official(path, ring())


def test_a_truncated_checkpoint_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    path = tmp_path / "state_dict.bin"
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-5000])

    with pytest.raises(InputError, match=r"state_dict\.bin"):
        load_official(path, ring())


def test_an_imported_checkpoint_is_a_model_folder(
    tmp_path: Path, network: RemoCap, state: dict[str, Any]
) -> None:
    torch.save({"model": state}, tmp_path / "state_dict.bin")

    folder = import_checkpoint(
        tmp_path / "state_dict.bin", tmp_path / "models", name="official", body="smpl"
    )

    card = load_card(folder)
    assert (card.body, card.trained, card.network) == ("smpl", True, network.config)
    again = RemoCap(card.network, ring())
    load_weights(again, folder / "weights.safetensors")
    assert same(again, network)


def test_a_name_cannot_lead_out_of_the_models_folder(tmp_path: Path, state: dict[str, Any]) -> None:
    torch.save(state, tmp_path / "state_dict.bin")

    with pytest.raises(UsageError, match=r"\.\./evil"):
        import_checkpoint(
            tmp_path / "state_dict.bin", tmp_path / "models", name="../evil", body="smpl"
        )
    assert not (tmp_path / "evil").exists()
