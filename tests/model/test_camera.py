import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from model.camera import (
    MIN_SCALE,
    crop_camera_to_image,
    image_to_crop_camera,
    pinhole_intrinsics,
    placement_deviation_px,
    project_perspective,
    project_weak,
    translations_m,
    view_rotmats,
)
from tests.model.dancers import reconstruction_of
from tests.model.people import make_sequence

WIDTH, HEIGHT = 1280, 720
INTRINSICS = pinhole_intrinsics(WIDTH, HEIGHT)


def squares(centres_px: np.ndarray, side_px: float) -> np.ndarray:
    return np.hstack([centres_px - side_px / 2, centres_px + side_px / 2]).astype(np.float32)


def centres_inside(side_px: float) -> np.ndarray:
    """A grid of centres of squares that lie wholly in the image."""
    half = side_px / 2
    x, y = np.linspace(half, WIDTH - half, 5), np.linspace(half, HEIGHT - half, 3)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)


def random_cameras(count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.column_stack(
        [rng.uniform(0.7, 0.95, count), rng.uniform(-0.15, 0.15, (count, 2))]
    ).astype(np.float32)


@pytest.fixture(scope="module")
def bodies_m() -> np.ndarray:
    """The built-in body about its pelvis, turned about the upright axis and leaning."""
    plain = reconstruction_of()
    vertices_m = plain.mesh(make_sequence(np.zeros(1)), slice(0, 1)).vertices_m[0, ::20]
    angles = np.random.default_rng(1).uniform([-180, -20, -20], [180, 20, 20], (40, 3))
    turns = Rotation.from_euler("YXZ", angles, degrees=True).as_matrix()
    return (vertices_m @ turns.transpose(0, 2, 1)).astype(np.float32)


def test_the_crop_camera_is_the_published_one() -> None:
    camera = np.array([[0.8, 0.1, -0.2]], np.float32)
    point_m = np.array([[[0.3, -0.4, 5.0]]], np.float32)
    square = np.array([[200, 100, 600, 500]], np.float32)

    pixel = project_weak(point_m, camera, square)[0, 0]

    u, v = 0.8 * (0.3 + 0.1), 0.8 * (-0.4 - 0.2)
    np.testing.assert_allclose(pixel, [200 + (u + 1) / 2 * 400, 100 + (v + 1) / 2 * 400], rtol=1e-6)


def test_a_camera_goes_to_the_image_and_back_to_another_square() -> None:
    cameras = random_cameras(20)
    here, there = squares(np.full((20, 2), 300), 200), squares(np.full((20, 2), 350), 500)
    in_image = crop_camera_to_image(cameras, here)

    moved = image_to_crop_camera(*in_image, there)

    for one, other in zip(crop_camera_to_image(moved, there), in_image, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.0, -3.0, 1e-9])
def test_a_scale_that_cannot_be_counts_as_the_least(scale: float) -> None:
    square = np.array([[500, 200, 700, 400]], np.float32)
    camera = np.array([[scale, 0.1, 0.1]], np.float32)
    least = np.array([[MIN_SCALE, 0.1, 0.1]], np.float32)

    placed_m = translations_m(camera, square, INTRINSICS)

    np.testing.assert_array_equal(placed_m, translations_m(least, square, INTRINSICS))
    assert 0 < placed_m[0, 2] < 1000


def test_the_turn_is_the_least_one_to_the_ray_through_the_crops_centre() -> None:
    crops = squares(np.array([[640, 360], [100, 650], [1300, -20]]), 300)

    turns = view_rotmats(crops, INTRINSICS)

    np.testing.assert_allclose(turns[0], np.eye(3), atol=1e-6)
    for turn, crop in zip(turns[1:], crops[1:], strict=True):
        ray = np.linalg.solve(INTRINSICS, [*(crop[:2] + crop[2:]) / 2, 1])
        ray /= np.linalg.norm(ray)
        axis = np.cross([0, 0, 1], ray)
        angle = np.arccos(ray[2])
        expected = Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()
        np.testing.assert_allclose(turn, expected, atol=1e-6)


@pytest.mark.parametrize("side_px", [40, 150, 400, 700, 2000])
def test_the_placed_pelvis_is_where_the_crop_camera_sees_it(side_px: float) -> None:
    centres = np.random.default_rng(2).uniform(-0.2, 1.2, (50, 2)) * [WIDTH, HEIGHT]
    crops, cameras = squares(centres, side_px), random_cameras(50)

    placed_px = project_perspective(translations_m(cameras, crops, INTRINSICS)[:, None], INTRINSICS)

    seen_px = project_weak(np.zeros((50, 1, 3), np.float32), cameras, crops)
    assert np.abs(placed_px - seen_px).max() < 0.05


@pytest.mark.parametrize("side_px", [60, 100, 200, 400, 600, 700])
def test_elsewhere_the_cameras_differ_by_a_hundredth_of_the_box(
    bodies_m: np.ndarray, side_px: float
) -> None:
    centres = np.repeat(centres_inside(side_px), len(bodies_m), axis=0)
    points_m = np.tile(bodies_m, (len(centres) // len(bodies_m), 1, 1))
    cameras, crops = random_cameras(len(centres)), squares(centres, side_px)

    shares = placement_deviation_px(points_m, cameras, crops, INTRINSICS) / side_px

    assert shares.mean() <= 0.01
    assert shares.max() <= 0.02  # in the corners


def test_turning_the_body_brings_the_two_cameras_together(bodies_m: np.ndarray) -> None:
    crops = squares(np.tile([1100, 600], (len(bodies_m), 1)), 400)
    cameras = random_cameras(len(bodies_m))
    turned_px = placement_deviation_px(bodies_m, cameras, crops, INTRINSICS).mean()

    unturned_m = bodies_m + translations_m(cameras, crops, INTRINSICS)[:, None]
    apart_px = project_perspective(unturned_m, INTRINSICS) - project_weak(bodies_m, cameras, crops)

    assert turned_px < 0.5 * np.linalg.norm(apart_px, axis=2).mean()
