"""Every way a command ends: what it prints, and its exit status."""

import sys
from pathlib import Path

import pytest

import model.registry
from service.cli import main


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command line in this process; returns the exit status."""
    monkeypatch.setattr(sys, "argv", ["remocap", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert isinstance(left.value.code, int)
    return left.value.code


def test_config_prints_what_is_in_force(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REMOCAP_DEVICE", "cuda:1")

    status = run(monkeypatch, "config")

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert {"REMOCAP_DEVICE=cuda:1", "REMOCAP_MODEL=remocap-anny"} <= set(lines)


def test_models_are_listed_with_their_licence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("REMOCAP_MODELS_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")

    status = run(monkeypatch, "models")

    listed = capsys.readouterr().out
    assert status == 0
    for word in ("remocap-anny", "anny", "Apache"):
        assert word in listed


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["import", "smpl", "absent.npz", "absent.npy"], 3, "bad_joint_regressor"),
        (["import", "checkpoint", "absent.bin"], 3, "bad_checkpoint"),
        (["evaluate-marks", "remocap-anny", "absent.json", "."], 3, "bad_marks"),
        (["reconstruct", "a.mp4", "-o", "a.npz", "--focal", "-3"], 2, "bad_focal_length"),
        (["synth"], 2, "nothing_to_do"),
        (["synth", "set", "--films", "films"], 2, "nothing_to_do"),
        (["evaluate", "remocap-anny"], 2, "nothing_to_do"),
        (["evaluate", "remocap-anny", "set.yaml", "--films", "films"], 2, "nothing_to_do"),
        (["evaluate", "remocap-anny", "--films", "absent"], 3, "no_films"),
        (["reconstruct", "a.mp4", "-o", "a.npz", "--device", "abacus"], 2, "bad_setting"),
    ],
)
def test_what_a_user_gets_wrong_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    status: int,
    code: str,
) -> None:
    monkeypatch.setenv("REMOCAP_MODELS_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert run(monkeypatch, *arguments) == status

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error {code}: ")


def fail(*_: object) -> None:
    raise RuntimeError("a slip of ours")


def test_a_mistake_of_ours_is_one_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(model.registry, "list_models", fail)
    monkeypatch.delenv("REMOCAP_DEBUG", raising=False)

    status = run(monkeypatch, "models")

    (line,) = capsys.readouterr().err.splitlines()
    assert status == 1
    assert line.startswith("error internal: RuntimeError('a slip of ours'); set REMOCAP_DEBUG=1")


def test_a_package_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "model.checkpoint", None)  # as if its import failed
    monkeypatch.delenv("REMOCAP_DEBUG", raising=False)

    status = run(monkeypatch, "import", "checkpoint", "state_dict.bin")

    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert line.startswith("error not_installed: this needs the Python package 'model.checkpoint'")


def test_a_mistake_of_ours_shows_its_place_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model.registry, "list_models", fail)
    monkeypatch.setenv("REMOCAP_DEBUG", "1")
    monkeypatch.setattr(sys, "argv", ["remocap", "models"])

    with pytest.raises(RuntimeError, match="a slip of ours"):
        main()
