"""RemoCap: windows of 8 pictures to a camera, 14 joints and 431 coarse vertices for each.

This is the network to read and to train. `model.fused` makes its faster twin for inference.
"""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from model.backbone import Hrnet
from model.config import NetworkConfig
from model.evidence_backbone import EvidenceBackbone, EvidenceTensors
from model.first_guess import STEP, FirstGuess, Guess
from model.regressor import SmplRegressor
from model.tokens import JOINTS, allowed_attention, sine_encoding
from model.transformer import Transformer
from model.types import COARSE, INTERMEDIATE

Inputs = Float[Tensor, "n 3 224 224"] | EvidenceTensors


class Prediction(NamedTuple):
    """What the network says of each frame. Joints and vertices are not centred.

    Attributes:
        camera: Weak-perspective (s, tx, ty) over the crop.
        joints_m: The joint tokens J14.
        coarse_m: The coarse vertices.
        rotmat: SMPL's joint rotations, where the network has the regressor.
        betas: SMPL's shape, likewise.
    """

    camera: Float[Tensor, "n 3"]
    joints_m: Float[Tensor, "n 14 3"]
    coarse_m: Float[Tensor, "n 431 3"]
    rotmat: Float[Tensor, "n 24 3 3"] | None = None
    betas: Float[Tensor, "n 10"] | None = None


class RemoCap(nn.Module):
    """The published network, by its published parameter names, without its unused classifier.

    Args:
        config: What to build; the defaults are the published RemoCap.
        coarse_adjacency: Which coarse vertices of the body may look at one another, each at
            itself included.
    """

    encoding_1: Tensor
    encoding_2: Tensor
    allowed: Tensor

    def __init__(
        self,
        config: NetworkConfig,
        coarse_adjacency: Bool[np.ndarray, "431 431"] | Bool[Tensor, "431 431"],
    ) -> None:
        super().__init__()
        self.config = config
        sizes = config.transformer
        first, second = sizes.dims
        sees_pixels = config.input == "pixels"
        self.backbone = Hrnet(config) if sees_pixels else EvidenceBackbone(config)
        features = (config.backbone if sees_pixels else config.evidence).features
        self.conv_1x1 = nn.Conv2d(features, first, 1)
        self.cam_token_embed = nn.Embedding(1, first)
        self.joint_token_embed = nn.Embedding(JOINTS, first)
        self.vertex_token_embed = nn.Embedding(COARSE, first)
        self.transformer_1, self.transformer_2 = (
            Transformer(dims, hidden, sizes.heads, sizes.dropout, sizes.layers)
            for dims, hidden in zip(sizes.dims, sizes.hidden, strict=True)
        )
        self.dim_reduce_enc_cam = nn.Linear(first, second)
        self.dim_reduce_enc_img = nn.Linear(first, second)
        self.dim_reduce_dec = nn.Linear(first, second)
        self.cam_predictor = nn.Linear(second, 3)
        self.xyz_regressor = nn.Linear(second, 3)
        self.coarse2intermediate_upsample = nn.Linear(COARSE, INTERMEDIATE)
        self.smpl_parameter_regressor = SmplRegressor() if config.smpl_regressor else None
        evidence = config.evidence
        self.first_guess = (
            None if sees_pixels else FirstGuess(features, evidence.guess, second, evidence.dropout)
        )
        self.register_buffer("encoding_1", sine_encoding(first), persistent=False)
        self.register_buffer("encoding_2", sine_encoding(second), persistent=False)
        allowed = allowed_attention(torch.from_numpy(np.array(coarse_adjacency)))
        self.register_buffer("allowed", allowed, persistent=False)

    def forward(self, inputs: Inputs) -> Prediction:
        """Answer normalised RGB crops, or evidence of them, whichever the network sees.

        The frames of a window are next to one another, in time order.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        features = self.backbone(inputs)
        guess = self.guess(features)
        return self.answer(*self.refine(features, guess), guess)

    def guess(self, features: Float[Tensor, "n features 7 7"]) -> Guess | None:
        """Read a first guess off the features; only networks that see evidence do so."""
        return None if self.first_guess is None else self.first_guess(features)

    def first_answer(self, inputs: Inputs) -> Prediction:
        """Answer with the first guess alone: what training begins with, as it costs little.

        Raises:
            ValueError: This network makes no guess; and as `forward`.
        """
        guess = self.guess(self.backbone(inputs))
        if guess is None:
            raise ValueError("a network that sees pixels makes no first guess; train it whole")
        joints_m, coarse_m = torch.split(guess.points_m, [JOINTS, COARSE], dim=1)
        return Prediction(guess.camera, joints_m, coarse_m)

    def answer(
        self,
        camera: Float[Tensor, "n d"],
        body: Float[Tensor, "n 445 d"],
        guess: Guess | None = None,
    ) -> Prediction:
        """Read the refined camera token and body tokens."""
        seen, points_m = self.cam_predictor(camera), self.xyz_regressor(body)  # [N,3], [N,445,3]
        if guess is not None:
            seen, points_m = guess.camera + STEP * seen, guess.points_m + STEP * points_m
        joints_m, coarse_m = points_m.split([JOINTS, COARSE], dim=1)
        prediction = Prediction(seen, joints_m, coarse_m)
        if self.smpl_parameter_regressor is None:
            return prediction
        rotmat, betas = self.smpl_parameter_regressor(self.intermediate_m(coarse_m))
        return prediction._replace(rotmat=rotmat, betas=betas)

    def refine(
        self, features: Float[Tensor, "n features 7 7"], guess: Guess | None = None
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n 445 d"]]:
        """Image features to the refined camera token and body tokens."""
        image = self.conv_1x1(features).flatten(2).transpose(1, 2)  # [N,49,512]
        camera = self.cam_token_embed.weight.expand(len(image), -1, -1)  # [N,1,512]
        body = self.body_tokens()[None]  # [1,445,512]: the same for all, until they see the image
        camera, image, body = self.transformer_1(camera, image, body, self.encoding_1, self.allowed)
        camera, body = self.dim_reduce_enc_cam(camera), self.dim_reduce_dec(body)
        if guess is not None and self.first_guess is not None:
            camera, body = self.first_guess.place(camera, body, guess)
        camera, _, body = self.transformer_2(
            camera, self.dim_reduce_enc_img(image), body, self.encoding_2, self.allowed
        )  # [N,1,128], [N,445,128]
        return camera.squeeze(1), body

    def body_tokens(self) -> Float[Tensor, "445 d"]:
        """The embeddings of the joints, then of the vertices, that every frame starts from."""
        return torch.cat([self.joint_token_embed.weight, self.vertex_token_embed.weight])

    def intermediate_m(self, coarse_m: Float[Tensor, "n 431 3"]) -> Float[Tensor, "n 1723 3"]:
        """The intermediate vertices, by the learned layer that x, y and z share."""
        return self.coarse2intermediate_upsample(coarse_m.transpose(1, 2)).transpose(1, 2)
