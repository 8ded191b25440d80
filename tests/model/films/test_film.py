from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.films.film import list_films, read_truth, truth_of, write_truth
from tests.model.films.made import made_truth


def test_what_is_written_is_read(tmp_path: Path) -> None:
    truth = made_truth(level="some")

    write_truth(truth, tmp_path / "truth.part")

    read = read_truth(tmp_path / "truth.part")
    for field in fields(truth):
        assert np.array_equal(getattr(read, field.name), getattr(truth, field.name))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("joints_m", np.zeros((3, 14, 3), np.float32)),
        ("visible", np.full(12, np.nan, np.float32)),
        ("level", np.array("little")),
    ],
)
def test_a_truth_that_does_not_fit_is_refused(tmp_path: Path, name: str, value: np.ndarray) -> None:
    write_truth(made_truth(), tmp_path / "film.npz")
    with np.load(tmp_path / "film.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "film.npz", **arrays | {name: value})

    with pytest.raises(InputError, match=name) as caught:
        read_truth(tmp_path / "film.npz")

    assert caught.value.code == "bad_truth"


def test_films_without_truth_are_not_listed(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", "mine.mp4"):
        (tmp_path / name).touch()
    for name in ("a.mp4", "b.mp4"):
        truth_of(tmp_path / name).touch()

    assert [video.name for video in list_films(tmp_path)] == ["a.mp4", "b.mp4"]


def test_a_folder_without_films_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="synth --films") as caught:
        list_films(tmp_path)

    assert caught.value.code == "no_films"
