"""Posed people of the built-in body."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from model.bodies.skinning import AnnyBody, Skinning, anny_to_camera, load_anny
from model.types import Array


@pytest.fixture(scope="module")
def anny() -> AnnyBody:
    return load_anny()


def random_people(count: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    betas = rng.normal(size=(count, 10)).astype(np.float32)
    return betas, rng.normal(scale=0.5, size=(count, 24, 3)).astype(np.float32)


def pose_one_by_one(body: Skinning, betas: Array, rotvec: Array) -> tuple[Array, Array]:
    """The naive twin: 4x4 matrices down the chain, for one body, in doubles."""
    rest_m = body.vertices_m + body.shape_directions_m @ betas.astype(np.float64)
    joints_m = body.joints_m + body.joint_directions_m @ betas.astype(np.float64)
    world: list[Array] = []
    for joint, parent in enumerate(body.parents):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_rotvec(rotvec[joint]).as_matrix()
        local[:3, 3] = joints_m[joint] - (joints_m[parent] if parent >= 0 else 0)
        world.append(world[parent] @ local if parent >= 0 else local)
    posed_m = np.zeros_like(rest_m)
    for joint, matrix in enumerate(world):
        moved_m = (rest_m - joints_m[joint]) @ matrix[:3, :3].T + matrix[:3, 3]
        posed_m += body.weights[:, joint, None] * moved_m
    return posed_m, np.stack([matrix[:3, 3] for matrix in world])


def test_many_bodies_at_once_are_posed_as_one_by_one(anny: AnnyBody) -> None:
    body = anny.skinning.select(np.arange(0, 12272, 50, dtype=np.int32))
    betas, rotvec = random_people(4)

    vertices_m, joints_m = body.pose(betas, rotvec)

    for person in range(4):
        twin_vertices_m, twin_joints_m = pose_one_by_one(body, betas[person], rotvec[person])
        np.testing.assert_allclose(vertices_m[person], twin_vertices_m, atol=1e-5)
        np.testing.assert_allclose(joints_m[person], twin_joints_m, atol=1e-5)


def test_selected_vertices_are_posed_as_in_the_whole(anny: AnnyBody) -> None:
    betas, rotvec = random_people(2)

    whole_m, _ = anny.skinning.pose(betas, rotvec)
    fine_m, _ = anny.skinning.select(anny.full_to_fine).pose(betas, rotvec)

    np.testing.assert_allclose(fine_m, whole_m[:, anny.full_to_fine], atol=1e-6)


def test_the_first_rotation_turns_the_body_about_its_pelvis(anny: AnnyBody) -> None:
    betas, rotvec = random_people(1)
    turned = rotvec.copy()
    rotvec[:, 0], turned[:, 0] = 0, (0, np.pi / 2, 0)

    vertices_m, joints_m = anny.skinning.pose(betas, rotvec)
    turned_m, turned_joints_m = anny.skinning.pose(betas, turned)

    quarter_turn = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    expected_m = (vertices_m - joints_m[:, :1]) @ quarter_turn.T + turned_joints_m[:, :1]
    np.testing.assert_allclose(turned_m, expected_m, atol=1e-5)


def test_the_left_hand_of_who_faces_the_camera_is_on_the_right_of_the_picture(
    anny: AnnyBody,
) -> None:
    at_rest = np.zeros((1, 10), np.float32), np.zeros((1, 24, 3), np.float32)
    _, joints_m = anny.skinning.pose(*at_rest)
    facing = np.eye(3, dtype=np.float32)[None]

    camera_m = anny_to_camera(joints_m, joints_m[:, 0], facing, np.array([[0, 0, 4]], np.float32))

    joint_m = dict(zip(anny.skinning.joint_names, camera_m[0], strict=True))
    assert joint_m["left_hand"][0] > 0.3 > -0.3 > joint_m["right_hand"][0]
    assert joint_m["head"][1] < -0.5 < 0.7 < joint_m["left_foot"][1]
    assert joint_m["left_foot"][2] < joint_m["left_ankle"][2]  # toes point to the camera
    np.testing.assert_allclose(joint_m["pelvis"], [0, 0, 4], atol=1e-6)


def test_joints_lie_inside_the_body_that_they_move(anny: AnnyBody) -> None:
    body = anny.skinning

    nearest_m = np.linalg.norm(body.vertices_m[:, None] - body.joints_m, axis=-1).min(axis=0)

    assert nearest_m.max() < 0.15
    assert (body.parents[1:] < np.arange(1, 24)).all()
    np.testing.assert_allclose(body.weights.sum(axis=1), 1, atol=1e-5)
