import numpy as np
import pytest
import torch

from model.config import EvidenceConfig, NetworkConfig, TransformerConfig
from model.initialise import initialise
from model.training.batch import ClipBatch, join_samples
from model.training.learner import Learner, smpl_terms
from model.training.loss_config import LossConfig
from model.training.mesh_truth import LabelledMeshes
from model.training.objective import weigh_terms
from model.training.smpl import rotvec_to_rotmat
from tests.model.training.stand_in import BODY, NoiseClips, TinyNetwork, make_learner

EVIDENCE = NetworkConfig(
    input="evidence",
    evidence=EvidenceConfig(width=16, hidden=24, features=16, guess=16),
    transformer=TransformerConfig(dims=(32, 16), hidden=(32, 32), layers=1, heads=4),
)


def make_batch(samples: int = 1) -> ClipBatch:
    source, rng = NoiseClips(samples), np.random.default_rng(0)
    return join_samples([source.sample(i, rng) for i in range(samples)])


def make_evidence_batch() -> ClipBatch:
    sample = NoiseClips(1).sample(0, np.random.default_rng(0))
    landmarks, mask = np.ones((8, 33, 7), np.float32), np.ones((8, 64, 64), np.uint8)
    return join_samples([sample._replace(pixels=None, landmarks=landmarks, mask=mask)])


def test_the_loss_is_the_weighted_terms_and_moves_every_parameter() -> None:
    learner = make_learner()

    loss, terms = learner(make_batch())
    loss.backward()

    assert loss.item() == pytest.approx(weigh_terms(terms, LossConfig()).item())
    for name, parameter in learner.network.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.isfinite().all(), name


def test_areas_change_what_the_vertices_weigh() -> None:
    batch = make_batch()
    alike = make_learner()
    by_area = Learner(TinyNetwork(), BODY, LabelledMeshes(BODY), LossConfig(vertex_weights="area"))

    _, equal = alike.eval()(batch)
    _, weighted = by_area.eval()(batch)

    assert weighted["fine"].item() != pytest.approx(equal["fine"].item(), rel=1e-3)
    assert weighted["joints3d"].item() == equal["joints3d"].item()


def test_half_precision_reaches_the_network_and_not_the_loss() -> None:
    learner = Learner(
        TinyNetwork(), BODY, LabelledMeshes(BODY), LossConfig(), autocast=torch.bfloat16
    )

    loss, _ = learner(make_batch())

    assert loss.dtype == torch.float32
    assert loss.isfinite()


def test_the_smpl_regressor_is_compared_where_smpl_is_labelled() -> None:
    pose = torch.randn(8, 72)
    batch = make_batch()._replace(
        pose=pose,
        betas=torch.ones(8, 10),
        mesh_m=torch.zeros(8, 0, 3),
        has_mesh=torch.ones(8).bool(),
    )
    rotmat = rotvec_to_rotmat(pose.reshape(8, 24, 3))

    right = smpl_terms(rotmat, torch.ones(8, 10), batch)
    wrong = smpl_terms(rotmat, torch.zeros(8, 10), batch)
    unlabelled = smpl_terms(rotmat, torch.zeros(8, 10), make_batch())

    assert [right[k].item() for k in ("rotmat", "betas")] == [0, 0]
    assert wrong["betas"].item() == 1
    assert unlabelled["betas"].item() == 0


def test_meshes_may_be_compared_on_the_coarse_level_alone() -> None:
    config = LossConfig(mesh="coarse")
    learner = Learner(TinyNetwork(), BODY, LabelledMeshes(BODY), config)

    loss, terms = learner(make_batch())

    assert loss.item() == pytest.approx(weigh_terms(terms, config).item())
    assert "coarse" in terms
    assert not {"intermediate", "fine", "normals"} & set(terms)


def test_the_guess_is_trained_without_the_transformers() -> None:
    network = initialise(EVIDENCE, BODY, seed=0)
    learner = Learner(
        network, BODY, LabelledMeshes(BODY), LossConfig(mesh="coarse"), guess_only=True
    )

    loss, _ = learner(make_evidence_batch())
    loss.backward()

    moved = {name.split(".")[0] for name, p in network.named_parameters() if p.grad is not None}
    assert moved == {"backbone", "first_guess"}
