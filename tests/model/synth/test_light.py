import numpy as np

from model.synth.light import Lamps, shine, window_and_room

UP = np.array([0, 1, 0], np.float32)
NOON = Lamps(UP[None], np.ones((1, 3), np.float32))


def plate(height_m: float, half_m: float) -> tuple[np.ndarray, np.ndarray]:
    """A level square about the y axis, as vertices and faces."""
    corners = [[-1, 0, -1], [1, 0, -1], [1, 0, 1], [-1, 0, 1]]
    vertices_m = np.array(corners, np.float32) * half_m + UP * height_m
    return vertices_m, np.array([[0, 1, 2], [0, 2, 3]], np.int32)


def test_a_plate_shades_what_is_under_it_and_nothing_else() -> None:
    points_m = np.array([[0, 0, 0], [0.45, 0, 0], [0.6, 0, 0], [0, 1.5, 0]], np.float32)
    normals = np.repeat(UP[None], 4, axis=0)

    light = shine(NOON, points_m, normals, *plate(1.0, 0.5))

    np.testing.assert_allclose(light[:, 0], [0, 0, 1, 1], atol=1e-5)


def test_a_surface_does_not_shade_itself() -> None:
    vertices_m, faces = plate(1.0, 0.5)
    points_m = np.array([[0.1, 1.0, 0.2], [-0.3, 1.0, 0.4]], np.float32)

    light = shine(NOON, points_m, np.repeat(UP[None], 2, axis=0), vertices_m, faces)

    np.testing.assert_allclose(light, 1, atol=1e-5)


def test_light_falls_off_with_the_cosine() -> None:
    slanted = np.array([[0, 0.5, np.sqrt(0.75)], [0, -1, 0]], np.float32)

    light = shine(NOON, np.full((2, 3), 3, np.float32), slanted, *plate(0.0, 0.1))

    np.testing.assert_allclose(light[:, 0], [0.5, 0], atol=1e-6)


def test_many_lamps_make_a_soft_edge() -> None:
    x = np.linspace(-1.3, 1.3, 40, dtype=np.float32)
    points_m = np.column_stack([x, 0 * x, 0 * x - np.float32(0.45)])  # the window is in front
    normals = np.repeat(UP[None], 40, axis=0)

    light = shine(window_and_room(), points_m, normals, *plate(0.6, 0.3))[:, 1]

    assert light.min() < 0.75 * light.max()
    assert len(np.unique(light.round(4))) > 10


def test_what_nothing_shades_gets_the_unshadowed_light() -> None:
    lamps = window_and_room()
    far = np.array([[9, 9, 9]], np.float32)

    light = shine(lamps, far, UP[None], *plate(0.0, 0.1))

    np.testing.assert_allclose(light[0], lamps.unshadowed(UP), rtol=1e-5)
