from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.synth.dataset import BakedSet
from model.synth.make import bake, preview
from model.synth.split import held_out
from tests.model.synth.made import write_garments


def write_motions(file: Path, names: list[str]) -> None:
    frames = 30 * len(names)
    np.savez(
        file,
        names=names,
        lengths=[30] * len(names),
        rotvec=np.zeros((frames, 24, 3), np.float32),
        trans=np.zeros((frames, 3), np.float32),
    )


def test_a_preview_needs_nothing_but_the_repository(tmp_path: Path) -> None:
    preview(tmp_path / "sheet.jpg", clips=1)

    assert (tmp_path / "sheet.jpg").stat().st_size > 20_000


def test_sets_for_training_and_evaluation_differ(tmp_path: Path) -> None:
    for evaluation in (False, True):
        bake(tmp_path / str(evaluation), clips=1, side=16, evaluation=evaluation)

    train, evaluate = (BakedSet(tmp_path / name).clip(0) for name in ("False", "True"))
    assert not np.array_equal(train.joints_m, evaluate.joints_m)


def test_files_of_the_user_are_used_and_progress_is_told(tmp_path: Path) -> None:
    write_motions(tmp_path / "m.npz", ["walk", "run"])
    write_garments(tmp_path / "g.npz")
    told: list[int] = []

    bake(
        tmp_path / "set",
        clips=2,
        side=16,
        motions=tmp_path / "m.npz",
        garments=tmp_path / "g.npz",
        progress=told.append,
    )

    assert told == [1, 2]
    assert len(BakedSet(tmp_path / "set")) == 2


def test_a_file_with_nothing_on_this_side_of_the_split_is_refused(tmp_path: Path) -> None:
    name = next(f"take{i}" for i in range(99) if not held_out(f"take{i}"))
    write_motions(tmp_path / "m.npz", [name])

    with pytest.raises(InputError) as caught:
        bake(tmp_path / "set", clips=1, motions=tmp_path / "m.npz", evaluation=True)

    assert caught.value.code == "no_motions"
