import numpy as np
import pytest
import torch

from model.bodies.skinning import load_anny
from model.camera import pinhole_intrinsics, project_perspective
from model.synth.gbuffer import Surface
from model.synth.outfit import Cut, sew
from model.synth.paint import looks_of
from model.synth.people import part_of_vertices
from model.synth.studio import Camera, Studio

WIDTH, HEIGHT = 160, 120


def resting_camera() -> Camera:
    return Camera.standing(pinhole_intrinsics(WIDTH, HEIGHT), WIDTH, HEIGHT, (0.0, 1.2, 4.5), -0.05)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """Somebody in red, standing on the floor a metre before the wall."""
    body = load_anny()
    rest_m = body.skinning.vertices_m
    parts = part_of_vertices(body.skinning)[body.faces].max(axis=1).astype(np.uint8)
    standing_m = rest_m - np.float32([0, rest_m[:, 1].min(), 0])
    looks = looks_of(
        sew(Cut(), body.skinning.joints_m),
        torch.tensor([[0.8, 0.02, 0.02]]).repeat(6, 1),
        torch.tensor([[0.8, 0.02, 0.02]]).repeat(4, 1),
    )
    return Studio(resting_camera()).photograph(
        Surface(standing_m, rest_m, body.faces, parts), looks
    )


def test_the_person_is_where_the_camera_says(picture: np.ndarray) -> None:
    body = load_anny().skinning
    standing_m = body.vertices_m - np.float32([0, body.vertices_m[:, 1].min(), 0])
    camera = resting_camera()

    pixels = project_perspective(camera.see(standing_m)[None], camera.intrinsics)[0]

    red = picture.astype(int)
    rows, columns = np.nonzero((red[..., 0] > 60) & (red[..., 1] < red[..., 0] // 3))
    assert abs(columns.min() - pixels[:, 0].min()) < 2.5
    assert abs(columns.max() - pixels[:, 0].max()) < 2.5
    assert abs(rows.min() - pixels[:, 1].min()) < 2.5


def test_the_person_throws_a_shadow_on_the_floor(picture: np.ndarray) -> None:
    camera = resting_camera()
    behind, beside = np.float32([[0.25, 0, -0.25], [-0.9, 0, -0.25]])
    pixels = project_perspective(camera.see(np.stack([behind, beside]))[None], camera.intrinsics)
    shadow, lit = (
        picture[int(y) - 1 : int(y) + 2, int(x) - 3 : int(x) + 4].mean() for x, y in pixels[0]
    )

    assert shadow < 0.92 * lit


def test_rays_go_through_their_pixels() -> None:
    camera = resting_camera()

    rays = camera.rays(np.float32([10.5, 80]), np.float32([20.5, 60, 99]))

    pixels = project_perspective(
        camera.see(camera.eye_m + 3 * rays.reshape(-1, 3))[None], camera.intrinsics
    )[0]
    expected = [(x, y) for y in (20.5, 60, 99) for x in (10.5, 80)]
    np.testing.assert_allclose(pixels, expected, atol=1e-2)
