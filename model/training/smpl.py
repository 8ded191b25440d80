"""SMPL's parametric model (Loper et al. 2015), for sets that label pose and shape.

Its data are licensed and never come with this program. The user keeps them, free of pickle, as
`<models>/bodies/smpl_parameters.npz` with SMPL's own names: `v_template`, `shapedirs`, `posedirs`,
`J_regressor`, `weights`, `kintree_table`.
"""

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from model.bodies.npz import parse_array, read_entries
from model.errors import InputError
from model.training.batch import ClipBatch
from model.types import FINE, Array

_SHAPES = {
    "v_template": (FINE, 3),
    "shapedirs": (FINE, 3, 10),
    "posedirs": (FINE, 3, 207),
    "J_regressor": (24, FINE),
    "weights": (FINE, 24),
    "kintree_table": (2, 24),
}


def smpl_path(models_dir: Path | None) -> Path:
    """Where the parametric model lies.

    Raises:
        InputError: `missing_file`: there is no models folder.
    """
    if models_dir is None:
        raise InputError(
            "missing_file", "SMPL's parameters need a models folder; give --models-dir"
        )
    return models_dir / "bodies" / "smpl_parameters.npz"


def load_smpl(path: Path) -> dict[str, Array]:
    """Read and check the parametric model.

    Raises:
        InputError: `missing_file`, or `bad_body` naming the array.
    """
    try:
        arrays = {k: parse_array(v) for k, v in read_entries(path, tuple(_SHAPES)).items()}
    except OSError as error:
        raise InputError(
            "missing_file", f"{path} cannot be read ({error.strerror}); see docs/training.md"
        ) from error
    except ValueError as error:
        raise InputError("bad_body", f"{path}: {error}; see docs/training.md") from error
    for name, shape in _SHAPES.items():
        found = arrays[name].shape if name in arrays else None
        if name == "shapedirs" and found is not None:  # some releases have 300 components
            arrays[name], found = arrays[name][..., :10], arrays[name][..., :10].shape
        if found != shape:
            raise InputError("bad_body", f"{path}: {name} is {found}, expected {shape}")
    return {name: arrays[name].astype(np.float32) for name in _SHAPES}


class SmplMeshes(nn.Module):
    """Pose and betas to meshes; a `MeshTruth`. Only the neutral model is meant, as published."""

    template_m: Tensor
    shape_directions_m: Tensor
    pose_directions_m: Tensor
    joint_regressor: Tensor
    weights: Tensor

    def __init__(self, arrays: dict[str, Array]) -> None:
        super().__init__()
        names = {
            "template_m": "v_template",
            "shape_directions_m": "shapedirs",
            "pose_directions_m": "posedirs",
            "joint_regressor": "J_regressor",
            "weights": "weights",
        }
        for ours, theirs in names.items():
            self.register_buffer(ours, torch.from_numpy(arrays[theirs]), persistent=False)
        self._parents = [int(p) for p in arrays["kintree_table"][0]]

    def forward(self, batch: ClipBatch) -> Float[Tensor, "n 6890 3"]:
        """See `MeshTruth`."""
        return self.pose(rotvec_to_rotmat(batch.pose.reshape(-1, 24, 3)), batch.betas)

    def pose(
        self, rotmat: Float[Tensor, "n 24 3 3"], betas: Float[Tensor, "n 10"]
    ) -> Float[Tensor, "n vertices 3"]:
        """Linear blend skinning with SMPL's shape and pose corrections, in metres."""
        shaped_m = self.template_m + (self.shape_directions_m @ betas.T).permute(2, 0, 1)
        rest_joints_m = self.joint_regressor @ shaped_m  # [n,24,3]
        bends = (rotmat[:, 1:] - torch.eye(3, device=rotmat.device)).flatten(1)  # [n,207]
        posed_m = shaped_m + (self.pose_directions_m @ bends.T).permute(2, 0, 1)
        affine = self._chain(rotmat, rest_joints_m)  # [n,24,3,4]
        blended = torch.einsum("vj,njrc->nvrc", self.weights, affine)  # [n,v,3,4]
        turned_m = (blended[..., :3] @ posed_m[..., None])[..., 0]
        return turned_m + blended[..., 3]

    def _chain(
        self, local: Float[Tensor, "n 24 3 3"], rest_joints_m: Float[Tensor, "n 24 3"]
    ) -> Float[Tensor, "n 24 3 4"]:
        """Where every joint carries what was at rest."""
        rotmats, joints_m = [local[:, 0]], [rest_joints_m[:, 0]]
        for joint, parent in enumerate(self._parents[1:], start=1):
            bone_m = rest_joints_m[:, joint] - rest_joints_m[:, parent]
            rotmats.append(rotmats[parent] @ local[:, joint])
            joints_m.append(joints_m[parent] + (rotmats[parent] @ bone_m[..., None])[..., 0])
        rotmat = torch.stack(rotmats, dim=1)
        carried_m = (rotmat @ rest_joints_m[..., None])[..., 0]
        return torch.cat([rotmat, (torch.stack(joints_m, dim=1) - carried_m)[..., None]], dim=-1)


def rotvec_to_rotmat(rotvec: Float[Tensor, "*n 3"]) -> Float[Tensor, "*n 3 3"]:
    """Rotation vectors to matrices, by the exponential of their cross-product matrices."""
    x, y, z = rotvec.unbind(-1)
    o = torch.zeros_like(x)
    cross = torch.stack([o, -z, y, z, o, -x, -y, x, o], dim=-1).reshape(*x.shape, 3, 3)
    return torch.linalg.matrix_exp(cross)
