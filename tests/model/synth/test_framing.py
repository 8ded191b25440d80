import numpy as np

from model.bodies.skinning import anny_to_camera
from model.synth.framing import CIRCLE, draw_squares, draw_view


def test_most_cameras_stand_at_least_two_and_a_half_metres_away() -> None:
    rng = np.random.default_rng(0)

    distances_m = np.array([draw_view(rng).distance_m for _ in range(2000)])

    assert (distances_m >= 2.5).mean() > 0.83
    assert 1.7 <= distances_m.min() < 2.5
    assert distances_m.max() <= 9


def test_people_stand_upright_and_are_mostly_seen_from_a_little_above() -> None:
    rng = np.random.default_rng(1)
    crown_m = np.array([[[0, 0.8, 0]]], np.float32)
    tops = []
    for _ in range(300):
        view = draw_view(rng)
        top = anny_to_camera(
            crown_m, np.zeros((1, 3), np.float32), view.rotmat[None], np.zeros((1, 3), np.float32)
        )
        tops.append(top[0, 0])

    x, y, z = np.array(tops).T
    assert (y < -0.4).all()  # up in the picture
    assert np.abs(x).max() < 0.2
    assert 0.6 < (z < 0).mean() < 0.99  # the head nearer than the pelvis


def test_people_face_all_directions() -> None:
    rng = np.random.default_rng(2)

    facing = np.array([draw_view(rng).rotmat[:, 2] for _ in range(400)])

    assert np.abs(facing[:, [0, 2]].mean(axis=0)).max() < 0.12


def test_squares_hold_the_body_about_as_the_tracker_does() -> None:
    hips, extent = np.full((8, 2), 50, np.float32), np.full(8, 100, np.float32)

    squares = np.stack(
        [draw_squares(np.random.default_rng(seed), hips, extent) for seed in range(300)]
    )

    side = squares[..., 2] - squares[..., 0]
    np.testing.assert_allclose(side, squares[..., 3] - squares[..., 1], rtol=1e-4)
    assert abs(np.median(side) / (2.2 * CIRCLE * 100) - 1) < 0.02
    within = side.std(axis=1).mean() / 200
    between = side.mean(axis=1).std() / 200
    assert within < 0.012 < 0.04 < between
