from pathlib import Path

import cv2
import numpy as np
import pytest

from model.errors import InputError
from model.synth.backdrop import SIDE, Backdrops, make_up
from model.synth.split import held_out


def photos(folder: Path) -> None:
    """Ten photos: green those to train on, red those that are held out."""
    for index in range(10):
        colour = (0, 0, 255) if held_out(f"photo{index}") else (0, 255, 0)
        cv2.imwrite(str(folder / f"photo{index}.png"), np.full((400, 500, 3), colour, np.uint8))


def test_made_up_pictures_differ_and_depend_on_the_seed_alone() -> None:
    once, again, other = (make_up(np.random.default_rng(s), 64) for s in (1, 1, 2))

    np.testing.assert_array_equal(once, again)
    assert np.abs(once - other).mean() > 0.02
    assert once.std() > 0.01
    assert ((once >= 0) & (once <= 1)).all()


def test_without_photos_there_are_backdrops_all_the_same() -> None:
    backdrop = Backdrops().draw(np.random.default_rng(0))

    assert backdrop.shape == (3, SIDE, SIDE)


@pytest.mark.parametrize("evaluation", [False, True])
def test_photos_stay_on_their_side_of_the_split(tmp_path: Path, evaluation: bool) -> None:
    photos(tmp_path)
    rng = np.random.default_rng(0)

    backdrops = Backdrops(tmp_path, evaluation=evaluation)

    drawn = [backdrops.draw(rng).mean(dim=(1, 2)).tolist() for _ in range(30)]
    pure = {tuple(round(x) for x in rgb) for rgb in drawn if sorted(rgb) == [0, 0, 1]}
    assert pure == {(1, 0, 0) if evaluation else (0, 1, 0)}


def test_textures_have_one_size() -> None:
    rng = np.random.default_rng(0)

    assert {tuple(Backdrops().draw_texture(rng).shape) for _ in range(10)} == {(3, 96, 96)}


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("no photo")

    with pytest.raises(InputError) as caught:
        Backdrops(tmp_path)

    assert caught.value.code == "no_backdrops"
