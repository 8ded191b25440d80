import pytest
import torch

from model.config import NetworkConfig
from model.initialise import initialise
from model.network import RemoCap
from model.training.batch import join_samples
from model.training.body_layers import BodyLayers
from model.training.learner import Learner
from model.training.loss_config import LossConfig
from model.training.mesh_truth import LabelledMeshes
from model.training.optimise import OptimiserConfig
from model.training.trainer import LoopConfig, Trainer
from tests.model.training.stand_in import BODY
from tests.model.training.tiny import TINY
from tests.model.training.waving import Input, OneClip, make_waving_clip

TRANSFORMER = {"dims": (64, 32), "hidden": (64, 32), "layers": 1, "heads": 4, "dropout": 0.0}
EVIDENCE = {"width": 16, "hidden": 128, "features": 32, "guess": 64, "dropout": 0.0}


def test_one_clip_of_evidence_can_be_learned_by_heart() -> None:
    network = make_network(input="evidence", evidence=EVIDENCE)
    assert network.config.sd
    assert network.config.md

    learn_one_clip(network, "evidence", steps=120)

    assert coarse_error_mm(network, "evidence") < 5


@pytest.mark.slow
def test_one_clip_of_pictures_is_learned_too() -> None:
    network = make_network(backbone=TINY["backbone"])
    before_mm = coarse_error_mm(network, "pixels")

    learn_one_clip(network, "pixels", steps=40)

    assert coarse_error_mm(network, "pixels") < before_mm / 1.5


def make_network(**parts: object) -> RemoCap:
    """Small, with SD, MD and both transformers."""
    config = NetworkConfig.model_validate({"transformer": TRANSFORMER} | parts)
    return initialise(config, BODY, seed=0)


def learn_one_clip(network: RemoCap, sees: Input, steps: int) -> None:
    """Train on it alone, from the coarse level's loss."""
    torch.set_num_threads(2)
    loss = LossConfig(joints3d=100, vertices=1000, levels=(1.0, 0, 0), mesh="coarse")
    learner = Learner(network, BODY, LabelledMeshes(BODY), loss)
    loop = LoopConfig(epochs=steps, batch=1, workers=0, clip_norm=1000, average_decay=0)
    optimiser = OptimiserConfig(lr=4e-3, warmup_steps=10, upsampling=0)
    list(Trainer(learner, OneClip(sees), loop, optimiser).run())


def coarse_error_mm(network: RemoCap, sees: Input) -> float:
    """Mean distance of the coarse vertices, both meshes about their pelvis."""
    batch, layers = join_samples([make_waving_clip(sees)]), BodyLayers(BODY)
    with torch.no_grad():
        coarse_m = network.eval()(batch.inputs).coarse_m
        fine_m = layers.fine_m(network.intermediate_m(coarse_m))
    pelvis_m, true_pelvis_m = layers.joints_m(fine_m)[:, :1], layers.joints_m(batch.mesh_m)[:, :1]
    true_m = layers.levels_m(batch.mesh_m)[0] - true_pelvis_m
    return float((coarse_m - pelvis_m - true_m).norm(dim=-1).mean()) * 1000
