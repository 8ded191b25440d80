from pathlib import Path

import numpy as np
import pytest
import torch

from model.errors import InputError
from model.training.smpl import SmplMeshes, load_smpl, rotvec_to_rotmat, smpl_path
from model.types import Array

PARENTS = [-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 20, 21]


def make_arrays(vertices: int = 50) -> dict[str, Array]:
    """A random parametric model in SMPL's layout."""
    rng = np.random.default_rng(0)
    weights = rng.dirichlet(np.ones(24), vertices)
    arrays = {
        "v_template": rng.normal(size=(vertices, 3)),
        "shapedirs": rng.normal(size=(vertices, 3, 10)) / 10,
        "posedirs": rng.normal(size=(vertices, 3, 207)) / 50,
        "J_regressor": rng.dirichlet(np.ones(vertices), 24),
        "weights": weights,
        "kintree_table": np.array([PARENTS, range(24)]),
    }
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def pose_plainly(arrays: dict[str, Array], rotmat: Array, betas: Array) -> Array:
    """The naive twin: one body, joint after joint and vertex after vertex."""
    shaped = arrays["v_template"] + arrays["shapedirs"] @ betas
    joints = arrays["J_regressor"] @ shaped
    posed = shaped + arrays["posedirs"] @ (rotmat[1:] - np.eye(3)).reshape(207)
    world: list[Array] = []
    for joint, parent in enumerate(PARENTS):
        local = np.eye(4)
        local[:3, :3] = rotmat[joint]
        local[:3, 3] = joints[joint] - (joints[parent] if parent >= 0 else 0)
        world.append(world[parent] @ local if parent >= 0 else local)
    out = np.zeros_like(posed)
    for v in range(len(posed)):
        for joint in range(24):
            moved = world[joint][:3, :3] @ (posed[v] - joints[joint]) + world[joint][:3, 3]
            out[v] += arrays["weights"][v, joint] * moved
    return out


def test_equals_the_plain_version() -> None:
    arrays, rng = make_arrays(), np.random.default_rng(1)
    rotmat = rotvec_to_rotmat(torch.tensor(rng.normal(size=(2, 24, 3)), dtype=torch.float32))
    betas = rng.normal(size=(2, 10)).astype(np.float32)

    vertices_m = SmplMeshes(arrays).pose(rotmat, torch.from_numpy(betas))

    for i in range(2):
        plain = pose_plainly(arrays, rotmat[i].numpy(), betas[i])
        np.testing.assert_allclose(vertices_m[i], plain, atol=1e-5)


def test_rotation_vectors_turn_by_their_length() -> None:
    rotmat = rotvec_to_rotmat(torch.tensor([[0.0, 0, np.pi / 2], [0, 0, 0]]))

    np.testing.assert_allclose(rotmat[0] @ torch.tensor([1.0, 0, 0]), [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(rotmat[1], np.eye(3), atol=1e-7)


def test_a_file_comes_back_with_ten_shapes(tmp_path: Path) -> None:
    path = smpl_path(tmp_path)
    path.parent.mkdir()
    arrays = make_arrays(6890)
    arrays["shapedirs"] = np.repeat(arrays["shapedirs"], 2, axis=2)
    np.savez(path, **arrays)

    assert load_smpl(path)["shapedirs"].shape == (6890, 3, 10)


@pytest.mark.parametrize("name", ["v_template", "kintree_table"])
def test_a_wrong_array_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "smpl_parameters.npz"
    np.savez(path, **(make_arrays(6890) | {name: np.zeros(3)}))

    with pytest.raises(InputError, match=name) as caught:
        load_smpl(path)

    assert caught.value.code == "bad_body"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"smpl_parameters\.npz cannot be read"):
        load_smpl(smpl_path(tmp_path))
