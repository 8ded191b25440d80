from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model.camera import project_perspective
from model.films.film import read_truth
from model.synth.backdrop import Backdrops
from model.synth.film import HEIGHT, WIDTH, Film, Occluder, Supplies, draw_film
from model.synth.filming import Shot, shoot, tell
from model.synth.motion import improvise_motions
from model.synth.spoil import Spoiling
from model.video import open_video

FRAMES = 3


@pytest.fixture(scope="module")
def supplies() -> Supplies:
    return Supplies(improvise_motions(4, 1), [], Backdrops(side=64))


@pytest.fixture(scope="module")
def plain(supplies: Supplies) -> Film:
    """One person before black, in a picture that nothing spoils."""
    film = draw_film(0, 2, supplies, FRAMES)
    return replace(film, backdrop=torch.zeros(3, 64, 64), spoiling=Spoiling())


def wall(x0: float, x1: float) -> Occluder:
    return Occluder(torch.ones(4, 8, 8), np.float32([x0, -10, x1, HEIGHT + 10]))


def test_joints_of_the_truth_lie_on_the_person(plain: Film) -> None:
    shot = Shot(plain, seed=0)

    pictures = list(shot.pictures())

    truth = tell(plain, np.float32(shot.visible))
    for picture, joints_px in zip(pictures, truth.joints_px, strict=True):
        x, y = joints_px.astype(int).T
        assert (picture[y, x].sum(axis=1) > 0).mean() > 0.9


def test_labels_agree_with_each_other(plain: Film) -> None:
    truth = tell(plain, np.ones(FRAMES, np.float32))

    placed_m = truth.joints_m + truth.translation_m[:, None]

    projected_px = project_perspective(placed_m, truth.intrinsics)
    assert np.allclose(projected_px, truth.joints_px, atol=0.01)
    hips_px = truth.joints_px[:, [2, 3]].mean(axis=1)
    assert np.allclose(truth.square_px.reshape(-1, 2, 2).mean(axis=1), hips_px, atol=0.1)


def test_all_of_somebody_in_the_open_is_visible(plain: Film) -> None:
    shot = Shot(plain, seed=0)

    list(shot.pictures())

    assert shot.visible == pytest.approx([1] * FRAMES)


def test_what_is_hidden_is_not_visible(plain: Film) -> None:
    middle = float(tell(plain, np.ones(FRAMES, np.float32)).joints_px[..., 0].mean())
    shot = Shot(replace(plain, occluders=(wall(-10, middle),)), seed=0)

    pictures = list(shot.pictures())

    assert all(0.1 < share < 0.9 for share in shot.visible)
    assert (pictures[0][:, : int(middle) - 1] == 255).all()


def test_what_leaves_the_picture_is_not_visible(plain: Film) -> None:
    actor = plain.actors[0]
    middle = float(tell(plain, np.ones(FRAMES, np.float32)).joints_px[..., 0].mean())
    aside_m = middle * actor.place.view.distance_m / plain.intrinsics[0, 0]
    moved = replace(actor, shift_m=actor.shift_m - np.float32([aside_m, 0, 0]))
    shot = Shot(replace(plain, actors=(moved,)), seed=0)

    list(shot.pictures())

    assert all(0.1 < share < 0.9 for share in shot.visible)


def test_the_nearer_person_hides_the_other(plain: Film) -> None:
    main = plain.actors[0]
    behind = replace(main, shift_m=main.shift_m + np.float32([0, 0, 2]))
    alone, first = Shot(plain, seed=0), Shot(replace(plain, actors=(main, behind)), seed=0)
    second = Shot(replace(plain, actors=(behind, main)), seed=0)

    for shot in (alone, first, second):
        list(shot.pictures())

    assert first.visible == pytest.approx(alone.visible)
    assert max(second.visible) < 0.8


def test_a_film_on_the_disk_is_a_video_with_its_truth(supplies: Supplies, tmp_path: Path) -> None:
    film = draw_film(4, 2, supplies, FRAMES)

    shoot(film, tmp_path / "film.mp4", tmp_path / "film.npz", seed=0)

    with open_video(tmp_path / "film.mp4") as video:
        frames = list(video)
    truth = read_truth(tmp_path / "film.npz")
    assert [frame.rgb.shape for frame in frames] == [(HEIGHT, WIDTH, 3)] * FRAMES
    assert np.allclose([frame.pts_s for frame in frames], truth.pts_s, atol=1e-4)
    assert truth.level == "some"
    assert truth.others_px.shape == (1, FRAMES, 4)
