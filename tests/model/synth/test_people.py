import numpy as np

from model.bodies.skinning import load_anny
from model.synth.outfit import Cut, Material, sew
from model.synth.people import dress, part_of_vertices
from model.synth.skeleton import JOINT

THICKNESS_M = np.array([0, 0.016, 0.018, 0.01, 0.01, 0.02], np.float32)


def test_clothes_stand_off_the_skin_by_about_their_thickness() -> None:
    body = load_anny()
    pattern = sew(Cut(), body.skinning.joints_m)

    dressed = dress(body, pattern, THICKNESS_M)

    material = pattern.material_at(part_of_vertices(body.skinning), body.skinning.vertices_m)
    moved_m = np.linalg.norm(dressed.vertices_m - body.skinning.vertices_m, axis=1)
    assert 0.012 < np.median(moved_m[material == Material.TROUSERS]) < 0.022
    assert np.median(moved_m[material == Material.SKIN]) < 0.001
    assert moved_m.max() < 0.08


def test_dressing_changes_neither_shape_space_nor_skeleton() -> None:
    body = load_anny()

    dressed = dress(body, sew(Cut(), body.skinning.joints_m), THICKNESS_M)

    assert dressed.weights is body.skinning.weights
    assert dressed.joints_m is body.skinning.joints_m
    assert dressed.shape_directions_m is body.skinning.shape_directions_m


def test_parts_are_where_the_joints_are() -> None:
    body = load_anny().skinning

    part = part_of_vertices(body)

    assert part.min() >= 1
    knee = body.vertices_m[part == JOINT["left_knee"] + 1]
    assert (knee[:, 0] > 0).all()
    assert np.abs(knee.mean(axis=0) - [0.17, -0.65, 0]).max() < 0.06
