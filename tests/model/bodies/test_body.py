"""Joints of meshes."""

import numpy as np

from model.bodies import load_body, regress_joints
from model.types import FINE, H36M_TO_J14, JOINT_NAMES


def test_joints_are_the_whole_regressor_times_the_mesh() -> None:
    body = load_body("anny")
    vertices_m = np.random.default_rng(0).normal(size=(3, FINE, 3)).astype(np.float32)

    h36m_m, j14_m = regress_joints(body, vertices_m)

    twin_m = np.einsum("jv,nvc->njc", body.joint_regressor.astype(np.float64), vertices_m)
    np.testing.assert_allclose(h36m_m, twin_m, atol=1e-5)
    np.testing.assert_array_equal(j14_m, h36m_m[:, list(H36M_TO_J14)])


def test_the_rest_pose_faces_the_camera_upright() -> None:
    body = load_body("anny")
    assert body.rest_joints_m is not None
    joint_m = dict(zip(JOINT_NAMES, body.rest_joints_m, strict=True))

    assert joint_m["left_wrist"][0] > 0.3 > -0.3 > joint_m["right_wrist"][0]
    assert joint_m["head"][1] < joint_m["neck"][1] < joint_m["left_hip"][1]
    assert joint_m["left_hip"][1] < joint_m["left_knee"][1] < joint_m["left_ankle"][1]
