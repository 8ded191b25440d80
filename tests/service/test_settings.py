"""A flag wins over its variable, and a bad value is named."""

from pathlib import Path

import pytest

from model.errors import UsageError
from service.settings import Settings, load_settings


def test_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOCAP_DEVICE", "cuda:1")

    assert load_settings().device == "cuda:1"


def test_flag_wins_over_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOCAP_DTYPE", "bfloat16")

    assert load_settings(dtype="float32").dtype == "float32"


def test_flag_that_was_not_given_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOCAP_MODEL", "mine")

    assert load_settings(model=None).model == "mine"


@pytest.mark.parametrize(("cores", "slots"), [(1, 2), (3, 3), (64, 4)])
def test_as_many_videos_are_decoded_as_there_are_cores(
    cores: int, slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.settings.usable_cores", lambda: cores)

    assert load_settings().media_slots == slots
    assert load_settings(media_slots=3).media_slots == 3


def test_bad_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOCAP_DTYPE", "float8")

    with pytest.raises(UsageError, match=r"REMOCAP_DTYPE is 'float8'.*float32"):
        load_settings()


def test_bad_flag_is_named_as_it_was_given() -> None:
    with pytest.raises(UsageError, match=r"--device is 'abacus'.*correct it"):
        load_settings(device="abacus")


def test_a_file_stands_in_for_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "remocap_redis_url").write_text("redis://:secret@redis:6379\n")
    monkeypatch.setenv("REMOCAP_SECRETS_DIR", str(tmp_path))

    assert load_settings().redis_address == "redis://:secret@redis:6379"


def test_a_variable_wins_over_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "remocap_model").write_text("of-the-file")
    monkeypatch.setenv("REMOCAP_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("REMOCAP_MODEL", "of-the-variable")

    assert load_settings().model == "of-the-variable"


def test_secrets_that_are_not_there_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REMOCAP_SECRETS_DIR", "/nowhere")

    with pytest.raises(UsageError, match=r"REMOCAP_SECRETS_DIR is '/nowhere'.*leave the variable"):
        load_settings()


def test_every_setting_is_in_the_readme() -> None:
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text()
    names = {f"REMOCAP_{field}".upper() for field in Settings.model_fields}

    assert {name for name in names if f"`{name}`" not in readme} == set()
