"""The single terms of RemoCap's loss, each a mean over whatever its arguments hold.

Frames are clip-major: the 8 frames of a window lie next to one another, in time order. The
L1 terms and the surface terms are METRO's (Lin et al. 2021) and Pose2Mesh's (Choi et al. 2020);
the velocity is RemoCap's.
"""

import torch
from jaxtyping import Bool, Float, Int64
from torch.nn.functional import normalize

from model.types import WINDOW

Tensor = torch.Tensor
RIGHT_HIP, LEFT_HIP = 2, 3  # rows of J14


def centre_on_hips(joints: Float[Tensor, "n 14 d"]) -> Float[Tensor, "n 14 d"]:
    """J14 joints with the middle of the two hips at the origin."""
    return joints - joints[:, [RIGHT_HIP, LEFT_HIP]].mean(dim=1, keepdim=True)


def joint_error(
    predicted: Float[Tensor, "n p d"],
    truth: Float[Tensor, "n p d"],
    confidence: Float[Tensor, "n p"],
    labelled: Bool[Tensor, "n"],
) -> Float[Tensor, ""]:
    """Confidence-weighted L1 over the labelled frames, per coordinate; 0 without any."""
    error = confidence[..., None] * (predicted - truth).abs()
    return mean_where(error.mean(dim=(1, 2)), labelled)


def vertex_error(
    predicted: Float[Tensor, "n v 3"],
    truth: Float[Tensor, "n v 3"],
    labelled: Bool[Tensor, "n"],
    weights: Float[Tensor, "v"] | None = None,
) -> Float[Tensor, ""]:
    """L1 per coordinate over the labelled frames.

    Args:
        predicted: Metres.
        truth: Metres, of the same origin.
        labelled: Frames whose mesh is known.
        weights: Of the vertices, with mean 1; equal where absent.
    """
    error = (predicted - truth).abs().mean(dim=2)  # [n,v]
    error = error if weights is None else error * weights
    return mean_where(error.mean(dim=1), labelled)


def velocity_error(
    predicted: Float[Tensor, "n p d"],
    truth: Float[Tensor, "n p d"],
    counted: Bool[Tensor, "n p"] | None = None,
) -> Float[Tensor, ""]:
    """Mean length of the difference of the steps from frame to frame within each window.

    The norm's gradient at 0 is 0, so windows whose frames repeat do no harm.

    Args:
        predicted: Points, in any unit.
        truth: The same points, in the same unit.
        counted: Points whose truth is known: a step counts where both its ends do. The
            published loss counts every step, which `None` stands for.
    """
    difference = (predicted - truth).reshape(-1, WINDOW, *truth.shape[1:])  # [clips,8,p,d]
    lengths: Tensor = torch.linalg.vector_norm(difference.diff(dim=1), dim=-1)  # [clips,7,p]
    if counted is None:
        return lengths.mean()
    ends = counted.reshape(-1, WINDOW, counted.shape[1])
    return mean_where(lengths, ends[:, 1:] & ends[:, :-1])


def edge_length_error(
    predicted: Float[Tensor, "n v 3"],
    truth: Float[Tensor, "n v 3"],
    edges: Int64[Tensor, "e 2"],
    labelled: Bool[Tensor, "n"],
) -> Float[Tensor, ""]:
    """Mean absolute difference of the edges' lengths, in metres."""
    difference = (_edge_lengths(predicted, edges) - _edge_lengths(truth, edges)).abs()
    return mean_where(difference.mean(dim=1), labelled)


def mean_edge_length(
    predicted: Float[Tensor, "n v 3"], edges: Int64[Tensor, "e 2"], labelled: Bool[Tensor, "n"]
) -> Float[Tensor, ""]:
    """Mean length of the predicted edges of labelled frames, in metres."""
    return mean_where(_edge_lengths(predicted, edges).mean(dim=1), labelled)


def _edge_lengths(
    vertices: Float[Tensor, "n v 3"], edges: Int64[Tensor, "e 2"]
) -> Float[Tensor, "n e"]:
    along = vertices[:, edges[:, 0]] - vertices[:, edges[:, 1]]  # [n,e,3]
    lengths: Tensor = torch.linalg.vector_norm(along, dim=-1)
    return lengths


def normal_error(
    predicted: Float[Tensor, "n v 3"],
    truth: Float[Tensor, "n v 3"],
    faces: Int64[Tensor, "f 3"],
    labelled: Bool[Tensor, "n"],
) -> Float[Tensor, ""]:
    """Mean |cosine| between each predicted side of a face and the true normal of that face."""
    a, b, c = truth[:, faces].unbind(dim=2)  # [n,f,3] each
    normals = normalize(torch.linalg.cross(b - a, c - a), dim=-1)
    corners = predicted[:, faces]  # [n,f,3 corners,3]
    sides = normalize(corners - corners.roll(1, dims=2), dim=-1)
    cosines = (sides * normals[:, :, None]).sum(dim=-1).abs()
    return mean_where(cosines.mean(dim=(1, 2)), labelled)


def mean_where(values: Float[Tensor, "*s"], counted: Bool[Tensor, "*s"]) -> Float[Tensor, ""]:
    """Mean of the counted values; 0, still attached to the graph, where none is counted."""
    return torch.where(counted, values, 0.0).sum() / counted.sum().clamp(min=1)
