from dataclasses import astuple

import numpy as np
import torch

from model.bodies import load_body
from model.network import Prediction
from model.training.batch import ClipBatch, Sample, join_samples
from model.training.body_layers import BodyLayers
from model.training.loss_config import LossConfig
from model.training.mesh_truth import LabelledMeshes
from model.training.objective import loss_terms
from model.training.views import (
    project,
    view_coarse_prediction,
    view_coarse_truth,
    view_prediction,
    view_truth,
)
from model.types import H36M_TO_J14

BODY = load_body("anny")
LAYERS = BodyLayers(BODY)
UP = torch.tensor(BODY.coarse_to_intermediate)


def label_rest_pose(mesh_m: np.ndarray) -> ClipBatch:
    """A batch of 8 frames that label this mesh and its joints."""
    fine_m = LAYERS.fine_m(UP @ torch.from_numpy(mesh_m))
    joints_m = LAYERS.joints_m(fine_m)[:, list(H36M_TO_J14)].numpy()
    ones = np.ones((8, 14, 1), np.float32)
    sample = Sample(
        pixels=np.zeros((8, 224, 224, 3), np.uint8),
        joints2d=np.concatenate([joints_m[..., :2], ones], axis=2),
        joints3d_m=np.concatenate([joints_m, ones], axis=2),
        pose=np.zeros((8, 72), np.float32),
        betas=np.zeros((8, 10), np.float32),
        mesh_m=mesh_m,
        has_mesh=np.ones(8, bool),
    )
    return join_samples([sample])


def test_a_network_that_says_the_truth_has_no_error() -> None:
    assert BODY.rest_coarse_m is not None
    coarse_m = np.repeat(BODY.rest_coarse_m[None], 8, axis=0)
    batch = label_rest_pose(coarse_m)
    intermediate_m = UP @ batch.mesh_m
    camera = torch.tensor([[1.0, 0, 0]]).expand(8, 3)
    said = Prediction(camera, batch.joints3d_m[..., :3] + 0.7, batch.mesh_m + 0.2)

    predicted = view_prediction(said, intermediate_m + 0.2, LAYERS)
    truth = view_truth(batch, LabelledMeshes(BODY)(batch), LAYERS)

    surface = LAYERS.surface((None, None, None))
    terms = loss_terms(predicted, truth, surface, LossConfig())
    known_by_themselves = ("joints2d", "edge_length", "normals")
    for name, term in terms.items():
        assert name in known_by_themselves or float(term) < 1e-3, name


def test_projection_is_scale_times_shifted_points() -> None:
    uv = project(torch.tensor([[2.0, 0.1, -0.2]]), torch.tensor([[[0.3, 0.4, 9.0]]]))

    np.testing.assert_allclose(uv, [[[0.8, 0.4]]], atol=1e-6)


def test_both_sides_have_the_same_shapes() -> None:
    batch = label_rest_pose(np.zeros((8, 431, 3), np.float32))
    said = Prediction(torch.ones(8, 3), torch.zeros(8, 14, 3), torch.zeros(8, 431, 3))

    predicted = view_prediction(said, torch.zeros(8, 1723, 3), LAYERS)
    truth = view_truth(batch, LabelledMeshes(BODY)(batch), LAYERS)

    assert [m.shape for m in predicted.meshes_m] == [m.shape for m in truth.meshes_m]
    assert len(astuple(truth)) == 5


def test_coarse_vertices_tell_the_same_joints_as_the_fine_mesh_of_the_bodys_fit() -> None:
    assert BODY.rest_coarse_m is not None
    noise = np.random.default_rng(0).normal(0, 0.02, (8, 431, 3)).astype(np.float32)
    batch = label_rest_pose(BODY.rest_coarse_m + noise)
    camera = torch.tensor([[0.9, 0.1, -0.1]]).expand(8, 3)
    said = Prediction(camera, batch.joints3d_m[..., :3], batch.mesh_m + 0.2)

    fine = (
        view_prediction(said, UP @ said.coarse_m, LAYERS),
        view_truth(batch, LabelledMeshes(BODY)(batch), LAYERS),
    )
    coarse = view_coarse_prediction(said, LAYERS), view_coarse_truth(batch, LAYERS)

    surface = LAYERS.surface((None, None, None))
    everything, some = (loss_terms(*sides, surface, LossConfig()) for sides in (fine, coarse))
    assert set(some) < set(everything)
    for name in ("joints3d", "joints3d_velocity", "joints2d", "joints2d_velocity"):
        torch.testing.assert_close(some[name], everything[name], rtol=1e-4, atol=1e-5)
    assert float(some["coarse"]) < 1e-6 < float(everything["coarse"])  # fine loses a little
