"""Network outputs and labels as the two sides that the loss compares."""

import torch
from jaxtyping import Float

from model.network import Prediction
from model.training.batch import ClipBatch
from model.training.body_layers import BodyLayers
from model.training.losses import centre_on_hips
from model.training.objective import Predicted, Truth
from model.types import COARSE, H36M_TO_J14

Tensor = torch.Tensor


def view_prediction(
    prediction: Prediction, intermediate_m: Float[Tensor, "n 1723 3"], body: BodyLayers
) -> Predicted:
    """The predicted side: meshes about their pelvis, joints about their hips, and projected.

    As published, tokens are projected about their hips, the mesh's joints about its pelvis.
    """
    fine_m = body.fine_m(intermediate_m)
    joints_m = body.joints_m(fine_m)  # [n,17,3]
    pelvis_m = joints_m[:, :1]
    mesh_joints_m = joints_m[:, list(H36M_TO_J14)] - pelvis_m
    tokens_m = centre_on_hips(prediction.joints_m)
    coarse_m, intermediate_m = prediction.coarse_m - pelvis_m, intermediate_m - pelvis_m
    return Predicted(
        joints3d_m=(tokens_m, centre_on_hips(mesh_joints_m)),
        joints2d=(
            project(prediction.camera, tokens_m),
            project(prediction.camera, mesh_joints_m),
        ),
        meshes_m=(coarse_m, intermediate_m, fine_m - pelvis_m),
    )


def view_coarse_prediction(prediction: Prediction, body: BodyLayers) -> Predicted:
    """The predicted side as far as the coarse vertices tell."""
    joints_m = body.joints_of_coarse_m(prediction.coarse_m)
    pelvis_m, tokens_m = joints_m[:, :1], centre_on_hips(prediction.joints_m)
    mesh_joints_m = joints_m[:, list(H36M_TO_J14)] - pelvis_m
    return Predicted(
        joints3d_m=(tokens_m, centre_on_hips(mesh_joints_m)),
        joints2d=(project(prediction.camera, tokens_m), project(prediction.camera, mesh_joints_m)),
        meshes_m=(prediction.coarse_m - pelvis_m,),
    )


def view_coarse_truth(batch: ClipBatch, body: BodyLayers) -> Truth:
    """The true side as far as coarse vertices tell."""
    labelled_m = batch.mesh_m
    coarse_m = labelled_m if labelled_m.shape[1] == COARSE else body.levels_m(labelled_m)[0]
    return _truth(batch, (coarse_m - body.joints_of_coarse_m(coarse_m)[:, :1],))


def view_truth(batch: ClipBatch, fine_m: Float[Tensor, "n 6890 3"], body: BodyLayers) -> Truth:
    """The true side, about the same origins."""
    pelvis_m = body.joints_m(fine_m)[:, :1]
    return _truth(batch, body.levels_m(fine_m - pelvis_m))


def _truth(batch: ClipBatch, meshes_m: tuple[Tensor, ...]) -> Truth:
    points_m, confidence = batch.joints3d_m[..., :3], batch.joints3d_m[..., 3:]
    return Truth(
        joints3d_m=torch.cat([centre_on_hips(points_m), confidence], dim=2),
        has_joints3d=(confidence > 0).any(dim=(1, 2)),
        joints2d=batch.joints2d,
        meshes_m=meshes_m,
        has_mesh=batch.has_mesh,
    )


def project(
    camera: Float[Tensor, "n 3"], joints_m: Float[Tensor, "n j 3"]
) -> Float[Tensor, "n j 2"]:
    """Weak perspective: s * ((X, Y) + (tx, ty)), -1 to 1 over the crop."""
    return camera[:, None, :1] * (joints_m[..., :2] + camera[:, None, 1:])
