import pytest
import torch

from model.training.losses import (
    centre_on_hips,
    edge_length_error,
    joint_error,
    mean_edge_length,
    normal_error,
    velocity_error,
    vertex_error,
)
from tests.model.training.cases import expected, tensor

TOLERANCE = 1e-6  # relative; the reference was summed in float32 in another order


def labelled(name: str) -> torch.Tensor:
    return tensor(name) == 1


def test_joint_errors_are_the_published_ones() -> None:
    truth, confidence = tensor("gj")[..., :3], tensor("gj")[..., 3]
    everywhere = torch.ones(16, dtype=torch.bool)
    truth2d, confidence2d = tensor("g2")[..., :2], tensor("g2")[..., 2]

    loss3d = sum(
        joint_error(
            centre_on_hips(tensor(name)), centre_on_hips(truth), confidence, labelled("has3")
        )
        for name in ("pj", "pjs")
    )
    loss2d = sum(
        joint_error(tensor(name), truth2d, confidence2d, everywhere) for name in ("p2", "p2s")
    )

    assert float(loss3d) == pytest.approx(expected("j3d"), rel=TOLERANCE)
    assert float(loss2d) == pytest.approx(expected("j2d"), rel=TOLERANCE)


@pytest.mark.parametrize("level", ["c", "i", "f"])
def test_vertex_errors_are_the_published_ones(level: str) -> None:
    predicted, truth = tensor(f"v{level}"), tensor(f"g{level}")

    error = vertex_error(predicted, truth, labelled("hass"))

    assert float(error) == pytest.approx(expected(f"v{level}"), rel=TOLERANCE)
    assert float(velocity_error(predicted, truth)) == pytest.approx(
        expected(f"vel{level}"), rel=TOLERANCE
    )


def test_velocities_of_joints_are_the_published_ones() -> None:
    truth3d, truth2d = tensor("gj")[..., :3], tensor("g2")[..., :2]

    error3d = velocity_error(tensor("pj"), truth3d) + velocity_error(tensor("pjs"), truth3d)
    error2d = velocity_error(tensor("p2"), truth2d) + velocity_error(tensor("p2s"), truth2d)

    assert float(error3d) == pytest.approx(expected("vel3d"), rel=TOLERANCE)
    assert float(error2d) == pytest.approx(expected("vel2d"), rel=TOLERANCE)


def test_surface_errors_are_the_published_ones() -> None:
    predicted, truth = tensor("vi"), tensor("gi")
    edges, faces, where = tensor("edges"), tensor("faces"), labelled("hass")

    difference = edge_length_error(predicted, truth, edges, where)
    normal = normal_error(predicted, truth, faces, where)
    length = mean_edge_length(predicted, edges, where)

    assert float(difference) == pytest.approx(expected("edge_gt"), rel=TOLERANCE)
    assert float(normal) == pytest.approx(expected("normal"), rel=TOLERANCE)
    assert float(length) == pytest.approx(expected("edge_self"), rel=TOLERANCE)


def test_velocity_of_repeated_frames_has_a_finite_gradient() -> None:
    predicted = torch.ones(8, 14, 3, requires_grad=True)

    velocity_error(predicted, torch.zeros(8, 14, 3)).backward()

    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


def test_velocity_leaves_out_steps_whose_truth_is_unknown() -> None:
    predicted = torch.zeros(8, 2, 3)
    predicted[3] = 7.0  # wrong exactly where nothing is known
    counted = torch.ones(8, 2, dtype=torch.bool)
    counted[3] = False

    assert float(velocity_error(predicted, torch.zeros(8, 2, 3), counted)) == 0
    assert float(velocity_error(predicted, torch.zeros(8, 2, 3))) > 0


def test_velocity_does_not_join_windows() -> None:
    predicted = torch.cat([torch.zeros(8, 1, 3), torch.ones(8, 1, 3)])

    assert float(velocity_error(predicted, torch.zeros(16, 1, 3))) == 0


def test_errors_without_labels_are_zero_and_still_differentiable() -> None:
    predicted = torch.ones(8, 5, 3, requires_grad=True)

    error = vertex_error(predicted, torch.zeros(8, 5, 3), torch.zeros(8, dtype=torch.bool))
    error.backward()

    assert error.item() == 0


def test_weights_count_a_vertex_more() -> None:
    predicted = torch.zeros(8, 2, 3)
    predicted[:, 0] = 1.0
    everywhere = torch.ones(8, dtype=torch.bool)

    error = vertex_error(
        predicted, torch.zeros(8, 2, 3), everywhere, weights=torch.tensor([1.5, 0.5])
    )

    assert float(error) == pytest.approx(0.75)
