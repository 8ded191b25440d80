from dataclasses import replace

import numpy as np
import pytest

from model.bodies.skinning import load_anny
from model.camera import project_perspective
from model.errors import InputError
from model.synth.backdrop import Backdrops
from model.synth.film import HEIGHT, WIDTH, Actor, Film, Supplies, draw_film
from model.synth.motion import improvise_motions

FRAMES = 12


@pytest.fixture(scope="module")
def supplies() -> Supplies:
    return Supplies(improvise_motions(6, 1), [], Backdrops(side=64))


@pytest.fixture(scope="module")
def films(supplies: Supplies) -> list[Film]:
    """One of each kind: levels take turns, and so do the ways to hide somebody."""
    return [draw_film(index, 4, supplies, FRAMES) for index in range(9)]


def seen_px(film: Film, actor: Actor) -> np.ndarray:
    body = load_anny()
    fine = body.skinning.select(body.full_to_fine[::20])
    return project_perspective(actor.see(fine), film.intrinsics)


def test_levels_and_ways_to_hide_take_turns(films: list[Film]) -> None:
    assert [(f.level, len(f.actors), len(f.occluders)) for f in films] == [
        ("none", 1, 0),
        ("some", 1, 1),
        ("heavy", 1, 1),
        ("none", 1, 0),
        ("some", 2, 0),
        ("heavy", 2, 0),
        ("none", 1, 0),
        ("some", 1, 1),
        ("heavy", 1, 0),
    ]


def test_the_person_is_200_to_400_px_high_and_stays_in_the_picture(films: list[Film]) -> None:
    for film in [f for f in films if f.level != "heavy" or f.occluders or len(f.actors) > 1]:
        points_px = seen_px(film, film.actors[0])
        middle = points_px[FRAMES // 2, :, 1]
        assert 185 < np.ptp(middle) < 400
        assert points_px.min() > -10
        assert (points_px < np.array([WIDTH, HEIGHT]) + 10).all()


def test_an_edge_cuts_through_who_is_cut_off(films: list[Film]) -> None:
    points_px = seen_px(films[8], films[8].actors[0])

    inside = ((points_px > 0) & (points_px < (WIDTH, HEIGHT))).all(axis=2).mean()
    assert 0.3 < inside < 0.92


@pytest.mark.parametrize(("index", "farther"), [(4, True), (5, False)])
def test_others_are_behind_or_in_front_on_the_same_floor(
    films: list[Film], index: int, farther: bool
) -> None:
    film = films[index]
    skinning = load_anny().skinning

    main, other = (actor.see(skinning) for actor in film.actors)

    assert (np.median(other[..., 2]) > np.median(main[..., 2])) == farther
    up = film.actors[0].place.view.rotmat[:, 1] * np.float32([1, -1, -1])  # of the world
    feet_m = [(seen_m @ up).min() for seen_m in (main, other)]
    assert abs(feet_m[0] - feet_m[1]) < 0.35


def test_motion_is_played_as_it_is(films: list[Film], supplies: Supplies) -> None:
    place = films[0].actors[0].place

    steps = np.abs(np.diff(place.rotvec, axis=0)).max(axis=(1, 2))

    assert len(place.rotvec) == FRAMES
    known = [np.abs(np.diff(m.rotvec, axis=0)).max(axis=(1, 2)) for m in supplies.motions]
    assert steps.max() <= max(k.max() for k in known) + 1e-4


def test_a_film_depends_on_seed_and_index_alone(films: list[Film], supplies: Supplies) -> None:
    again, other = (draw_film(1, seed, supplies, FRAMES) for seed in (4, 5))

    assert np.array_equal(again.actors[0].place.rotvec, films[1].actors[0].place.rotvec)
    assert np.array_equal(again.occluders[0].box_px, films[1].occluders[0].box_px)
    assert not np.array_equal(again.intrinsics, other.intrinsics)


def test_motion_that_fits_no_picture_is_refused(supplies: Supplies) -> None:
    far = [
        replace(m, path_m=m.path_m + np.arange(len(m.path_m), dtype=np.float32)[:, None] * 30)
        for m in supplies.motions[:1]
    ]

    with pytest.raises(InputError) as caught:
        draw_film(0, 0, replace(supplies, motions=far), FRAMES)

    assert caught.value.code == "no_motions"
