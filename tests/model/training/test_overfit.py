import pytest
import torch

from model.config import NetworkConfig
from model.inference import normalise
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
from tests.model.training.waving import OneClip, make_waving_clip

SIZES = {"dims": (128, 64), "hidden": (256, 128), "layers": 1, "heads": 4, "dropout": 0.0}
STEPS = 250


def coarse_error_mm(network: RemoCap) -> float:
    """Mean distance of the coarse vertices, both meshes about their pelvis."""
    batch, layers = join_samples([make_waving_clip()]), BodyLayers(BODY)
    with torch.no_grad():
        coarse_m = network.eval()(normalise(batch.pixels)).coarse_m
        fine_m = layers.fine_m(network.intermediate_m(coarse_m))
    pelvis_m, true_pelvis_m = layers.joints_m(fine_m)[:, :1], layers.joints_m(batch.mesh_m)[:, :1]
    true_m = layers.levels_m(batch.mesh_m)[0] - true_pelvis_m
    return float((coarse_m - pelvis_m - true_m).norm(dim=-1).mean()) * 1000


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_one_clip_can_be_learned_by_heart() -> None:
    torch.set_num_threads(2)
    network = initialise(NetworkConfig.model_validate(TINY | {"transformer": SIZES}), BODY, seed=0)
    loss = LossConfig(joints3d=100, vertices=1000, levels=(1.0, 0, 0), mesh="coarse")
    learner = Learner(network, BODY, LabelledMeshes(BODY), loss)
    loop = LoopConfig(epochs=STEPS, batch=1, workers=0, clip_norm=1000, average_decay=0)
    optimiser = OptimiserConfig(lr=4e-3, warmup_steps=10, upsampling=0)

    list(Trainer(learner, OneClip(), loop, optimiser).run())

    assert network.config.sd
    assert network.config.md
    assert coarse_error_mm(network) < 5
