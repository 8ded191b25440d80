import numpy as np
import pytest
import torch

from model.bodies import load_body
from model.errors import InputError, UsageError
from model.training.mesh_truth import LabelledMeshes, MeshTruth, find_truth
from model.upsample import Upsampling
from tests.model.training.test_learner import make_batch

BODY = load_body("anny")


def test_coarse_labels_are_upsampled_by_the_body() -> None:
    batch = make_batch()
    fold = Upsampling.from_layers(BODY.coarse_to_intermediate, np.zeros(1723, np.float32), BODY)

    fine_m = find_truth("labelled", BODY)(batch)

    np.testing.assert_allclose(fine_m, fold(batch.mesh_m.numpy()), atol=1e-4)


def test_fine_labels_are_the_truth() -> None:
    mesh_m = torch.randn(8, 6890, 3)

    assert LabelledMeshes(BODY)(make_batch()._replace(mesh_m=mesh_m)) is mesh_m


def test_other_labels_are_refused() -> None:
    with pytest.raises(InputError, match="8 vertices"):
        LabelledMeshes(BODY)(make_batch()._replace(mesh_m=torch.zeros(8, 8, 3)))


def test_smpl_labels_need_smpls_body() -> None:
    with pytest.raises(UsageError, match="'anny'") as caught:
        find_truth("smpl", BODY)

    assert caught.value.code == "wrong_body"
    assert isinstance(LabelledMeshes(BODY), MeshTruth)
