import pytest

from model.training.loss_config import PUBLISHED_LOSSES, LossConfig
from model.training.objective import Predicted, Surface, Truth, loss_terms, weigh_terms
from tests.model.training.cases import expected, tensor

WEIGHTS = ("joints3d", "joints2d", "vertices", "surface")


def load_sides() -> tuple[Predicted, Truth, Surface]:
    """Both sides of the published cases."""
    predicted = Predicted(
        joints3d_m=(tensor("pj"), tensor("pjs")),
        joints2d=(tensor("p2"), tensor("p2s")),
        meshes_m=(tensor("vc"), tensor("vi"), tensor("vf")),
    )
    truth = Truth(
        joints3d_m=tensor("gj"),
        has_joints3d=tensor("has3") == 1,
        joints2d=tensor("g2"),
        meshes_m=(tensor("gc"), tensor("gi"), tensor("gf")),
        has_mesh=tensor("hass") == 1,
    )
    return predicted, truth, Surface(tensor("edges"), tensor("faces"))


@pytest.mark.parametrize("name", ["3dpw", "h36m"])
def test_the_total_is_the_published_one(name: str) -> None:
    config = PUBLISHED_LOSSES[f"published_{name}"]

    total = weigh_terms(loss_terms(*load_sides(), config), config)

    assert float(total) == pytest.approx(expected(f"total_{name}"), rel=1e-6)


def test_every_term_is_the_published_one() -> None:
    names = {
        "joints3d": "j3d",
        "joints3d_velocity": "vel3d",
        "joints2d": "j2d",
        "joints2d_velocity": "vel2d",
        "coarse": "vc",
        "coarse_velocity": "velc",
        "intermediate": "vi",
        "intermediate_velocity": "veli",
        "fine": "vf",
        "fine_velocity": "velf",
        "edge_error": "edge_gt",
        "edge_length": "edge_self",
        "normals": "normal",
    }

    terms = loss_terms(*load_sides(), PUBLISHED_LOSSES["published_3dpw"])

    assert terms.keys() == names.keys()
    for ours, published in names.items():
        assert float(terms[ours]) == pytest.approx(expected(published), rel=1e-6), ours


def test_unknown_truth_does_not_move_a_velocity() -> None:
    predicted, truth, surface = load_sides()
    config = LossConfig()
    unknown = ~truth.has_mesh
    before = loss_terms(predicted, truth, surface, config)["fine_velocity"]

    predicted.meshes_m[2][unknown] += 5.0
    after = loss_terms(predicted, truth, surface, config)["fine_velocity"]

    assert float(after) == float(before)


@pytest.mark.parametrize("weight", WEIGHTS)
def test_a_weight_of_zero_leaves_its_terms_out(weight: str) -> None:
    config = LossConfig(**{weight: 0.0})
    terms = loss_terms(*load_sides(), config)
    whole = weigh_terms(terms, LossConfig())

    rest = weigh_terms(terms, config)

    only = weigh_terms(terms, LossConfig(**{w: 0.0 for w in WEIGHTS if w != weight}))
    assert float(rest + only) == pytest.approx(float(whole), rel=1e-5)
