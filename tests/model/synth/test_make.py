from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.synth import make
from model.synth.dataset import BakedSet
from model.synth.make import bake, films, preview
from model.synth.split import held_out
from model.synth.staging import Supplies
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


def test_films_that_are_there_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []

    def shoot(film: int, video: Path, truth: Path, seed: int) -> None:
        video.write_text(f"{film} {seed}")
        truth.touch()

    monkeypatch.setattr(make, "draw_film", lambda index, *_: drawn.append(index) or index)
    monkeypatch.setattr(make, "shoot", shoot)
    for name in ("film_001.mp4", "film_001.npz", "film_002.mp4"):  # the last is without truth
        (tmp_path / name).write_text("mine")
    told: list[int] = []

    films(tmp_path, count=3, progress=told.append)

    assert drawn == [0, 2]
    assert (tmp_path / "film_001.mp4").read_text() == "mine"
    assert (tmp_path / "film_002.mp4").read_text() == "2 2"
    assert told == [1, 2, 3]


def test_films_are_made_of_what_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"take{i}" for i in range(20)]
    write_motions(tmp_path / "m.npz", names)
    seen: list[Supplies] = []
    monkeypatch.setattr(make, "draw_film", lambda _i, _seed, supplies: seen.append(supplies))
    monkeypatch.setattr(make, "shoot", lambda *_, **__: None)

    films(tmp_path / "films", count=1, motions=tmp_path / "m.npz")

    assert {motion.name for motion in seen[0].motions} == {n for n in names if held_out(n)}
