import numpy as np
import pytest
import torch

from model.bodies import load_body
from model.config import EvidenceConfig, NetworkConfig, TransformerConfig
from model.evidence_backbone import EvidenceBackbone, EvidenceTensors, Lift, scale_evidence
from model.first_guess import STEP
from model.fused.network import fuse
from model.inference import load_predictor
from model.initialise import initialise
from model.network import RemoCap
from model.types import Evidence
from tests.model.seeded import ring

TINY = NetworkConfig(
    input="evidence",
    evidence=EvidenceConfig(width=16, hidden=24, features=16),
    transformer=TransformerConfig(dims=(32, 16), hidden=(32, 32), layers=1, heads=4),
)


def seeded_evidence(frames: int = 16) -> EvidenceTensors:
    generator = torch.Generator().manual_seed(0)
    landmarks = torch.randn(frames, 33, 7, generator=generator) * 0.4
    landmarks[..., 3].sigmoid_()
    return EvidenceTensors(landmarks, torch.rand(frames, 64, 64, generator=generator))


def lively_network(**changes: object) -> RemoCap:
    """With SD and MD whose gates differ from place to place."""
    torch.manual_seed(0)
    network = RemoCap(TINY.model_copy(update=changes), ring())
    for name, value in network.state_dict().items():
        if name.endswith(("running_mean", "bias", "gn.weight")):
            value.add_(torch.randn_like(value) * 0.2)
    return network.eval()


def test_evidence_becomes_the_map_that_the_transformers_read() -> None:
    backbone = EvidenceBackbone(TINY)

    assert backbone(seeded_evidence(8)).shape == (8, 16, 7, 7)


def test_who_is_not_visible_is_not_known() -> None:
    lift, landmarks = Lift(hidden=24, width=16), seeded_evidence(1).landmarks
    landmarks[:, 5, 3] = 0
    moved = landmarks.clone()
    moved[:, 5, :3] += 1

    assert torch.equal(lift(moved), lift(landmarks))


def test_the_first_guess_is_what_the_transformers_add_to() -> None:
    network, evidence = initialise(TINY, load_body("anny"), seed=3).eval(), seeded_evidence(8)

    with torch.inference_mode():
        guess, prediction = network.guess(network.backbone(evidence)), network(evidence)
        network.xyz_regressor.bias += 1
        moved = network(evidence)

    assert guess is not None
    torch.testing.assert_close(prediction.coarse_m, guess.points_m[:, 14:])
    torch.testing.assert_close(moved.coarse_m, prediction.coarse_m + STEP)


@pytest.mark.parametrize(("sd", "md"), [(True, True), (True, False), (False, True)])
def test_the_faster_twin_answers_alike(sd: bool, md: bool) -> None:
    network, evidence = lively_network(sd=sd, md=md), seeded_evidence()

    with torch.no_grad():
        plain, fast = network(evidence), fuse(network)(evidence)

    for a, b in zip(plain[:3], fast[:3], strict=True):
        torch.testing.assert_close(b, a, rtol=1e-4, atol=1e-5)


def test_md_lets_a_frame_see_its_window_and_no_other() -> None:
    network, evidence = lively_network(sd=False), seeded_evidence()
    changed = EvidenceTensors(evidence.landmarks.clone(), evidence.mask)
    changed.landmarks[3] += 0.2

    with torch.no_grad():
        apart = (network(changed).coarse_m - network(evidence).coarse_m).abs().amax(dim=(1, 2))

    assert (apart[:8] > 1e-7).all()
    assert apart[8:].max() < 1e-6


def test_gradients_reach_every_parameter() -> None:
    network = lively_network()

    camera, joints_m, coarse_m, *_ = network(seeded_evidence(8))
    (camera.square().sum() + joints_m.square().sum() + coarse_m.square().sum()).backward()

    untouched = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None and not name.startswith("coarse2intermediate")
    ]
    assert untouched == []


def test_untrained_it_answers_with_the_rest_pose() -> None:
    body, sizes = load_body("anny"), TransformerConfig(dims=(128, 64), hidden=(64, 64), layers=1)
    network = initialise(TINY.model_copy(update={"transformer": sizes}), body, seed=3)

    with torch.inference_mode():
        prediction = network(seeded_evidence(8))

    assert body.rest_coarse_m is not None
    off_m = np.linalg.norm(prediction.coarse_m.numpy() - body.rest_coarse_m, axis=2)
    assert off_m.mean() < 0.1
    assert abs(prediction.camera[:, 0] - 0.9).max() < 0.1


@pytest.mark.parametrize(("dtype", "near_m"), [("float32", 1e-5), ("bfloat16", 0.1)])
def test_a_predictor_takes_evidence(dtype: str, near_m: float) -> None:
    network, landmarks = lively_network(), seeded_evidence(8).landmarks
    mask = torch.arange(8 * 64 * 64).reshape(8, 64, 64).to(torch.uint8)

    predictor = load_predictor(network, dtype=dtype)
    estimate = predictor.predict(Evidence(landmarks.numpy(), mask.numpy()))

    with torch.inference_mode():
        expected = network(scale_evidence(landmarks, mask))
    assert estimate.coarse_m.dtype == np.float32
    np.testing.assert_allclose(estimate.coarse_m, expected.coarse_m, atol=near_m)
