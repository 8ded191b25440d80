"""The rasteriser, against a naive twin that looks at every pixel and every triangle."""

import numpy as np
import pytest

from model.camera import pinhole_intrinsics, project_perspective
from model.render import Solid, blend, render

RED, GREEN = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)


def _triangles(points_px: list, nearness: list, rgb: np.ndarray) -> Solid:
    """Loose triangles, each turned so that it faces the viewer."""
    points = np.array(points_px, np.float32).reshape(-1, 3, 2)
    first, second = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    away = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0] > 0  # y down
    points[away] = points[away][:, ::-1]
    depths = np.array(nearness, np.float32).reshape(-1, 3)
    depths[away] = depths[away][:, ::-1]
    faces = np.arange(3 * len(points), dtype=np.int32).reshape(-1, 3)
    colours = np.tile(rgb, (3 * len(points), 1))
    return Solid(points.reshape(-1, 2), depths.ravel(), colours, faces)


def _naive(solids: list[Solid], width: int, height: int) -> np.ndarray:
    """Colour of the nearest solid at four points in each pixel, averaged: [H,W,4]."""
    samples = np.zeros((2 * height, 2 * width, 4))
    nearest = np.full((2 * height, 2 * width), -np.inf)
    for solid in solids:
        for face in solid.faces:
            (a, b, c), z = solid.points_px[face].astype(float), solid.nearness[face]
            inverse = np.linalg.inv(np.array([[*a, 1], [*b, 1], [*c, 1]]).T)
            for row, column in np.ndindex(nearest.shape):
                weights = inverse @ ((column + 0.5) / 2, (row + 0.5) / 2, 1)
                if (weights >= 0).all() and weights @ z > nearest[row, column]:
                    nearest[row, column] = weights @ z
                    samples[row, column] = [*solid.rgb[face[0]], 1]
    return 255 * samples.reshape(height, 2, width, 2, 4).mean(axis=(1, 3))


def _draw(solids: list[Solid], width: int, height: int) -> np.ndarray:
    image = np.zeros((height, width, 4), np.uint8)
    for layer in render(solids, width, height):
        rows, columns = layer.rgba.shape[:2]
        image[layer.y0 : layer.y0 + rows, layer.x0 : layer.x0 + columns] = layer.rgba
    return image


@pytest.mark.parametrize("seed", range(3))
def test_pictures_equal_the_naive_twin(seed: int) -> None:
    generator = np.random.default_rng(seed)
    solids = [
        _triangles(generator.uniform(-8, 32, (4, 3, 2)), generator.uniform(-1, 1, (4, 3)), colour)
        for colour in (RED, GREEN)
    ]
    apart = np.abs(_draw(solids, 24, 20).astype(float) - _naive(solids, 24, 20)).max(axis=-1)
    # Samples within rounding of an edge may fall either way.
    assert (apart > 1).mean() < 0.01


def test_surfaces_meet_where_they_cross() -> None:
    square = [[0, 0], [40, 0], [0, 40], [40, 0], [40, 40], [0, 40]]
    flat = _triangles(square, [0.0] * 6, RED)
    tilted = _triangles(square, [-1, 3, -1, 3, 3, -1], GREEN)  # nearness 0 at x = 10
    image = _draw([flat, tilted], 40, 40)
    assert (image[20, :10, 0] == 255).all()
    assert (image[20, 10:, 1] == 255).all()


def test_the_nearer_person_hides_the_farther_whatever_the_order() -> None:
    near, far = (
        _triangles([[2, 2], [30, 2], [2, 30]], [nearness] * 3, colour)
        for nearness, colour in ((-4.0, RED), (-5.0, GREEN))
    )
    first, second = _draw([near, far], 32, 32), _draw([far, near], 32, 32)
    np.testing.assert_array_equal(first, second)
    assert tuple(first[5, 5]) == (255, 0, 0, 255)


def test_a_perspective_camera_needs_only_the_inverse_depth() -> None:
    intrinsics = pinhole_intrinsics(64, 48, focal_px=60.0)
    floor_m = np.array([[-1, 1, 3], [1, 1, 3], [0, 1, 30]], np.float32)
    wall_m = np.array([[-9, -9, 10], [9, -9, 10], [0, 30, 10]], np.float32)
    floor, wall = (
        _triangles(project_perspective(points[None], intrinsics)[0], 1 / points[:, 2], colour)
        for points, colour in ((floor_m, RED), (wall_m, GREEN))
    )
    column = _draw([floor, wall], 64, 48)[:, 32]
    meets = 24 + 60 * 1 / 10  # the floor is 1 m below the eye and runs into the wall 10 m away
    assert (column[int(meets) + 1 : 43, 0] > 200).all()
    assert (column[: int(meets), 1] > 200).all()


def test_the_far_side_is_not_drawn() -> None:
    solid = _triangles([[2, 2], [30, 2], [2, 30]], [0.0] * 3, RED)
    turned = Solid(solid.points_px, solid.nearness, solid.rgb, solid.faces[:, ::-1].copy())
    assert _draw([turned], 32, 32).max() == 0


def test_edges_are_averaged() -> None:
    half = _triangles([[4, 4], [9.5, 4], [4, 20], [9.5, 4], [9.5, 20], [4, 20]], [0.0] * 6, RED)
    assert 120 <= _draw([half], 16, 24)[10, 9, 3] <= 135


def test_nothing_comes_of_what_is_out_of_view() -> None:
    assert render([_triangles([[50, 2], [60, 2], [50, 9]], [0.0] * 3, RED)], 32, 32) == []


def test_vertices_that_are_not_numbers_take_only_their_triangles_along() -> None:
    solid = _triangles([[2, 2], [30, 2], [2, 30], [np.nan, 2], [9, 9], [3, 9]], [0.0] * 6, RED)
    assert tuple(_draw([solid], 32, 32)[5, 5]) == (255, 0, 0, 255)


def test_people_apart_have_layers_of_their_own() -> None:
    left = _triangles([[0, 0], [9, 0], [0, 9]], [0.0] * 3, RED)
    right = _triangles([[20, 0], [29, 0], [20, 9]], [0.0] * 3, RED)
    assert [layer.rgba.shape for layer in render([left, right], 32, 32)] == [(9, 9, 4), (9, 9, 4)]


@pytest.mark.parametrize(("opacity", "expected"), [(0.0, 100), (0.5, 50), (1.0, 0)])
def test_blending_mixes_by_opacity(opacity: float, expected: int) -> None:
    layers = render([_triangles([[0, 0], [30, 0], [0, 30]], [0.0] * 3, GREEN)], 32, 32)
    grey = np.full((32, 32, 3), 100, np.uint8)
    assert blend(grey, layers, opacity)[3, 3, 0] == pytest.approx(expected, abs=1)
    assert (grey == 100).all()
