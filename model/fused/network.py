"""The network for inference: the same answers from fewer operations."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.fused.attention import BlockAttention, FirstLayer, attention_blocks
from model.fused.convolutions import pack
from model.fused.gates import FoldedDisentanglement
from model.fused.norms import fold_norms
from model.network import Inputs, Prediction, RemoCap
from model.transformer import DecoderLayer


class FusedRemoCap(nn.Module):
    """`RemoCap` outside training, with everything folded that is known in advance.

    Cameras, joints and vertices are always read in fp32: half precision would round them to
    millimetres.
    """

    def __init__(self, network: RemoCap, disentangle: FoldedDisentanglement) -> None:
        super().__init__()
        self.network = network
        self.disentangle = disentangle

    def forward(self, inputs: Inputs) -> Prediction:
        """Answer as `RemoCap.forward` does.

        Raises:
            ValueError: With MD, where n is no multiple of 8.
        """
        backbone = self.network.backbone
        stem: Callable[..., Tensor] = backbone.stem  # of the input that the network sees
        features = self.disentangle(stem(inputs))
        features = features.contiguous(memory_format=torch.channels_last)
        features = backbone.high_resolution(features)
        guess = self.network.guess(features)
        camera, body = self.network.refine(features, guess)
        return self.network.answer(camera.float(), body.float(), guess)

    def in_dtype(self, dtype: torch.dtype) -> "FusedRemoCap":
        """The same network with all but its heads in another precision."""
        self.to(dtype)
        for head in (
            self.network.cam_predictor,
            self.network.xyz_regressor,
            self.network.coarse2intermediate_upsample,
            self.network.smpl_parameter_regressor,
        ):
            if head is not None:
                head.float()
        return self


def fuse(network: RemoCap, *, packed: bool = False) -> FusedRemoCap:
    """The faster twin of a network, which stays as it is.

    Args:
        network: Outside training its twin answers alike.
        packed: Whether convolutions are laid out for oneDNN, to stay on a CPU in fp32. Four times
            the weights of the wide ones then buy fewer multiplications.
    """
    twin = copy.deepcopy(network).eval().requires_grad_(False)
    disentangle = FoldedDisentanglement(twin.backbone.ema_1, twin.backbone.ema_S)
    twin.backbone.ema_1 = twin.backbone.ema_S = None
    fold_norms(twin.backbone)
    twin.backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # in no stub
    if packed:
        pack(twin.backbone)
    save_attention(twin)
    return FusedRemoCap(twin, disentangle)


def save_attention(network: RemoCap) -> None:
    """Put blocks for masked attention, and a constant for the first layer's, in place."""
    blocks = attention_blocks(network.allowed.cpu())
    layers = network.transformer_1.decoder.layers
    first = layers[0]
    assert isinstance(first, DecoderLayer)
    layers[0] = FirstLayer(first, network.body_tokens(), network.allowed)
    for layer in (*layers[1:], *network.transformer_2.decoder.layers):
        layer.self_attn = BlockAttention(layer.self_attn, blocks)
