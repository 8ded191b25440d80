import numpy as np

from model.synth.room import meet_room, paint_room

EYE_M = np.array([0, 1.3, 5], np.float32)


def test_rays_meet_floor_or_wall() -> None:
    rays = np.array([[0, -0.5, -1], [0, 0.1, -1], [0.2, -0.01, -1]], np.float32)

    points_m, normals = meet_room(EYE_M, rays)

    np.testing.assert_allclose(points_m[0], [0, 0, 2.4], atol=1e-5)
    np.testing.assert_array_equal(normals[:, 1], [1, 0, 0])
    assert points_m[1, 2] == points_m[2, 2] < 0


def test_points_lie_on_their_rays() -> None:
    rays = np.random.default_rng(0).normal(0, 0.3, (100, 3)).astype(np.float32)
    rays[:, 2] = -1

    points_m, _ = meet_room(EYE_M, rays)

    np.testing.assert_allclose(np.cross(points_m - EYE_M, rays), 0, atol=1e-4)


def test_colours_are_linear_light_and_the_same_every_time() -> None:
    draw = np.random.default_rng(1)
    floor = draw.uniform(-3, 3, (500, 3)).astype(np.float32) * np.float32([1, 0, 1])
    normals = np.repeat(np.float32([[0, 1, 0]]), 500, axis=0)

    rgb = paint_room(floor, normals)

    assert ((rgb >= 0) & (rgb <= 1.1)).all()
    assert rgb.std(axis=0).min() > 0.02  # planks and a rug, not one colour
    np.testing.assert_array_equal(rgb, paint_room(floor, normals))
