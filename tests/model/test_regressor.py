"""The optional SMPL-parameter regressor."""

import numpy as np
import pytest
import torch

from model.regressor import SmplRegressor, matrix_to_rotmat
from tests.model.seeded import GOLDEN, checkpoint_keys, draw

PREFIX = "smpl_parameter_regressor."


def seeded_regressor() -> SmplRegressor:
    regressor = SmplRegressor().eval()
    with np.load(GOLDEN / "bn_stats.npz") as statistics:
        drawn = {
            key: statistics[key] if key in statistics else draw(key, shape)
            for key, shape in checkpoint_keys().items()
            if key.startswith(PREFIX)
        }
    regressor.load_state_dict(
        {key.removeprefix(PREFIX): torch.from_numpy(np.asarray(x)) for key, x in drawn.items()}
    )
    return regressor


def test_a_rotation_with_noise_becomes_a_rotation_again() -> None:
    torch.manual_seed(0)
    rotation, _ = torch.linalg.qr(torch.randn(5, 3, 3, dtype=torch.float64))
    rotation *= torch.linalg.det(rotation)[:, None, None]

    near = matrix_to_rotmat(rotation + 0.001)

    torch.testing.assert_close(near, rotation, atol=0.005, rtol=0)
    torch.testing.assert_close(near @ near.mT, torch.eye(3).double().expand(5, 3, 3))


def test_a_reflection_is_turned_into_minus_itself_as_published() -> None:
    mirror = torch.diag(torch.tensor([3.0, 2.0, -1.0]))

    expected = torch.diag(torch.tensor([-1.0, -1.0, 1.0]))

    torch.testing.assert_close(matrix_to_rotmat(mirror), expected)


@pytest.mark.parametrize(
    ("dtype", "tolerance"),
    [(torch.float64, 2.6e-5), (torch.float32, 5e-5)],  # see tests/golden/README.md
)
def test_the_original_mesh_gives_the_original_parameters(
    dtype: torch.dtype, tolerance: float
) -> None:
    regressor = seeded_regressor().to(dtype)
    with np.load(GOLDEN / "golden.npz") as golden, torch.inference_mode():
        mesh = torch.from_numpy(golden["both/intermediate"]).to(dtype)
        rotmat, betas = golden["both/rotmat"], golden["both/betas"]

        found = regressor(mesh)

    assert np.abs(found[0].numpy() - rotmat).max() <= tolerance
    assert np.abs(found[1].numpy() - betas).max() <= tolerance
