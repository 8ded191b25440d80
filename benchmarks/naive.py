"""RemoCap the way its published code runs it: what `benchmarks.network` measures against.

The parameters and the answers are those of `model.network.RemoCap`. What differs is what costs
time: attention by `nn.MultiheadAttention`, which computes all 445x445 weights, masks them and
returns their average over the heads; padding masks that mask nothing; the mask and the positional
encodings made anew in every pass; batch norms apart from their convolutions; EMA by its equations;
and one sparse product per frame to reach the fine vertices. Tokens are kept batch first where the
published code has the batch second.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from model.backbone import Hrnet
from model.bodies import Body
from model.disentangle import disentangle
from model.network import RemoCap
from model.tokens import JOINTS, sine_encoding
from model.transformer import Attention, Transformer


class PublishedAttention(nn.Module):
    """An `Attention` as PyTorch's module with all its outputs."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        dims = attention.out_proj.in_features
        self.inner = nn.MultiheadAttention(dims, attention.heads, batch_first=True)
        self.inner.load_state_dict(attention.state_dict())

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, allowed: Tensor | None = None
    ) -> Tensor:
        """Attend, and compute the attention weights for nobody."""
        nothing = torch.zeros(key.shape[:2], dtype=torch.bool, device=key.device)
        blocked = None if allowed is None else ~allowed
        answer, _ = self.inner(query, key, value, key_padding_mask=nothing, attn_mask=blocked)
        return answer


class NaiveRemoCap:
    """The published way from pictures to fine vertices, part by part."""

    def __init__(self, network: RemoCap, body: Body) -> None:
        self.network = copy.deepcopy(network).eval()
        for parent in list(self.network.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, Attention):
                    setattr(parent, name, PublishedAttention(child).eval())
        assert isinstance(self.network.backbone, Hrnet)
        self.hrnet = self.network.backbone
        self.allowed = self.network.allowed.cpu()
        indices, weights = body.intermediate_to_fine
        rows = np.repeat(np.arange(len(indices)), 3)
        self.to_fine = torch.sparse_coo_tensor(
            torch.from_numpy(np.stack([rows, indices.ravel()])),
            torch.tensor(weights.ravel()),
            (len(indices), network.coarse2intermediate_upsample.out_features),
            check_invariants=False,
        ).to(network.allowed.device)

    def backbone(self, images: Tensor) -> Tensor:
        """HRNet alone."""
        return self.hrnet.high_resolution(self.hrnet.stem(images))

    def disentangle(self, features: Tensor) -> Tensor:
        """SD and MD."""
        return disentangle(features, self.hrnet.ema_1, self.hrnet.ema_S)

    def transform(
        self, transformer: Transformer, camera: Tensor, image: Tensor, body: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """One transformer, its mask and encoding made anew."""
        encoding = sine_encoding(image.shape[2]).to(image)
        answer: tuple[Tensor, Tensor, Tensor] = transformer(
            camera, image, body, encoding, self.allowed.to(image.device)
        )
        return answer

    def upsample(self, coarse_m: Tensor) -> Tensor:
        """Coarse to fine vertices, frame by frame."""
        intermediate_m = self.network.intermediate_m(coarse_m)
        return torch.stack([torch.sparse.mm(self.to_fine, frame) for frame in intermediate_m])

    def __call__(self, images: Tensor) -> Tensor:
        """Pictures to fine vertices, in metres."""
        net = self.network
        features = self.disentangle(self.hrnet.stem(images))
        image = net.conv_1x1(self.hrnet.high_resolution(features)).flatten(2).transpose(1, 2)
        camera = net.cam_token_embed.weight.repeat(len(image), 1, 1)
        body = net.body_tokens().repeat(len(image), 1, 1)
        camera, image, body = self.transform(net.transformer_1, camera, image, body)
        camera, image, body = self.transform(
            net.transformer_2,
            net.dim_reduce_enc_cam(camera),
            net.dim_reduce_enc_img(image),
            net.dim_reduce_dec(body),
        )
        net.cam_predictor(camera)
        return self.upsample(net.xyz_regressor(body)[:, JOINTS:])
