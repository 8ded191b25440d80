"""Joints by coarse vertices alone, against those of the fine mesh."""

import numpy as np
import pytest

from model.bodies import load_body
from model.coarse_joints import CoarseJoints, Placement
from model.reconstruction import Mesh, Reconstruction
from model.registry import find_model, load_upsampling
from model.types import Meta, Sequence
from tests.model.people import make_sequence

META = Meta("m", "0" * 64, False, "anny", 1280, 720, 9, 1.0, "none", 1000.0, "given")


@pytest.fixture(scope="module")
def placed() -> tuple[Mesh, Placement, Sequence]:
    body = load_body("anny")
    upsampling = load_upsampling(find_model("remocap-anny"), body)
    person = make_sequence(np.arange(9) / 30, sway_m=0.3)
    intrinsics = np.array([[1000, 0, 640], [0, 1000, 360], [0, 0, 1]], np.float32)
    whole = Reconstruction((person,), body, upsampling, META, intrinsics)
    return (
        whole.mesh_of(person),
        CoarseJoints.of(body, upsampling).place(person, intrinsics),
        person,
    )


@pytest.mark.parametrize("field", ["joints3d_m", "joints2d_px", "translation_m", "view_rotmat"])
def test_they_are_those_of_the_mesh(placed: tuple[Mesh, Placement, Sequence], field: str) -> None:
    mesh, placement, _ = placed

    np.testing.assert_allclose(
        getattr(placement, field),
        getattr(mesh, field),
        atol=1e-3 if field == "joints2d_px" else 1e-5,
    )


def test_the_pelvis_is_what_was_taken_from_the_mesh(
    placed: tuple[Mesh, Placement, Sequence],
) -> None:
    mesh, placement, person = placed
    body = load_body("anny")
    fine_m = load_upsampling(find_model("remocap-anny"), body)(person.coarse_m)

    np.testing.assert_allclose(fine_m - placement.pelvis_m[:, None], mesh.vertices_m, atol=1e-5)
