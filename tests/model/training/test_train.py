import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import pytest
from rich.console import Console

from model.errors import UsageError
from model.registry import load_card
from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from model.synth.seen_set import see_clips
from model.training.evaluation import evaluate_main
from model.training.run_log import read_log
from model.training.train import train_main
from tests.model.synth.made import small_set
from tests.model.training.sets import write_set
from tests.model.training.tiny import TINY, write_config

ROOT = Path(__file__).parents[3]
ONE_EPOCH = {"epochs": 1, "batch": 1, "workers": 0}


def write_run(folder: Path, windows: int = 1, **changes: object) -> Path:
    data = write_set(folder, dict.fromkeys("ab"[:windows], 8), mesh_vertices=431)
    return write_config(folder, data, **changes)


def test_a_set_trains_and_evaluates(tmp_path: Path) -> None:
    config = write_run(tmp_path, validate_on="train.yaml", loop=ONE_EPOCH)
    console = Console(file=io.StringIO(), width=100)
    folder = tmp_path / "run"

    model = train_main(config, folder, device="cpu", console=console)
    report = evaluate_main(
        "tiny", tmp_path / "train.yaml", device="cpu", models_dir=model.parent, console=console
    )

    figures = load_card(model).figures
    assert report.mpjpe_mm == pytest.approx(figures["mpjpe_mm"], rel=1e-3)
    assert report.coverage == 1
    assert "PA-MPJPE" in console.file.getvalue()
    assert load_card(folder / "best" / "tiny").figures == figures
    assert read_log(folder / "log.jsonl")[-1]["mpvpe_mm"] == figures["mpvpe_mm"]
    assert cv2.imread(str(folder / "curves.png")) is not None


def test_rendered_people_train_a_network_of_pictures(tmp_path: Path) -> None:
    small_set(tmp_path / "baked")
    config = write_config(tmp_path, Path("baked"), validate_on="baked", loop=ONE_EPOCH)

    model = train_main(config, tmp_path / "run", device="cpu")

    assert load_card(model).figures["coverage"] == 1
    assert len(read_log(tmp_path / "run" / "log.jsonl")) == 3  # two clips, then figures


def test_what_was_seen_of_them_trains_a_network_of_evidence(tmp_path: Path) -> None:
    see_clips(SynthClips(small_set(tmp_path / "baked", side=128), Backdrops()), tmp_path / "seen")
    changes = {"network": TINY | {"input": "evidence"}, "loss": {"mesh": "coarse"}}
    first = write_config(tmp_path, Path("seen"), stage="guess", loop=ONE_EPOCH, **changes)
    guess = train_main(first, tmp_path / "guess", device="cpu")

    start = str(guess / "weights.safetensors")
    second = write_config(tmp_path, Path("seen"), start=start, loop=ONE_EPOCH, **changes)
    whole = train_main(second, tmp_path / "whole", device="cpu")

    assert load_card(whole).network.input == "evidence"
    assert load_card(whole).weights_sha256 != load_card(guess).weights_sha256


def test_several_sets_of_pictures_are_refused(tmp_path: Path) -> None:
    config = write_config(tmp_path, Path("one.yaml"), train=["one.yaml", "two.yaml"])

    with pytest.raises(UsageError, match="composite") as caught:
        train_main(config, tmp_path / "run", device="cpu")

    assert caught.value.code == "bad_train_config"


@pytest.mark.parametrize("off", [{"sd": False}, {"md": False}, {"sd": False, "md": False}])
def test_every_toggle_off_still_trains(tmp_path: Path, off: dict[str, bool]) -> None:
    config = write_run(tmp_path, network=TINY | off, loop=ONE_EPOCH | {"precision": "bfloat16"})

    model = train_main(config, tmp_path / "run", device="cpu")

    assert load_card(model).network.model_dump().items() >= off.items()


def test_a_run_is_not_overwritten(tmp_path: Path) -> None:
    snapshot = tmp_path / "run" / "snapshots" / "step-000000001.pt"
    snapshot.parent.mkdir(parents=True)
    snapshot.touch()

    with pytest.raises(UsageError, match="--resume") as caught:
        train_main(write_run(tmp_path), tmp_path / "run", device="cpu")

    assert caught.value.code == "run_exists"


@pytest.mark.slow
def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(tmp_path: Path) -> None:
    config = write_run(tmp_path, windows=2)
    whole = train_main(config, tmp_path / "whole", device="cpu")

    kill_once_saved(config, tmp_path / "killed")
    resumed = train_main(config, tmp_path / "killed", device="cpu", resume=True)

    assert load_card(resumed).weights_sha256 == load_card(whole).weights_sha256
    steps = [row["step"] for row in read_log(tmp_path / "killed" / "log.jsonl")]
    assert steps == [1, 2, 3, 4]


def kill_once_saved(config: Path, folder: Path) -> None:
    """Start a run in a process of its own, and kill it after its first snapshot."""
    call = (
        "import torch; from pathlib import Path; torch.set_num_threads(1);"
        "from model.training.train import train_main;"
        f"train_main(Path({str(config)!r}), Path({str(folder)!r}), device='cpu')"
    )
    process = subprocess.Popen([sys.executable, "-c", call], cwd=ROOT, start_new_session=True)
    while not list(folder.glob("snapshots/step-*.pt")):
        assert process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
