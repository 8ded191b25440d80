"""The network for inference: the same answers from fewer operations."""

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from model.fused.attention import BlockAttention, FirstLayer, attention_blocks
from model.fused.gates import FoldedDisentanglement
from model.fused.norms import fold_norms
from model.fused.winograd import use_winograd
from model.network import Inputs, Prediction, RemoCap
from model.transformer import DecoderLayer

WINOGRAD_FROM = 128  # channels; at 64 the transforms cost about what they save


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


def fuse(network: RemoCap, *, winograd: bool = False) -> FusedRemoCap:
    """The faster twin of a network, which stays as it is.

    Args:
        network: Outside training its twin answers alike.
        winograd: Whether wide 3x3 convolutions save multiplications, for CPUs in fp32. It costs
            memory, and gains little while other work fills the processor's caches.
    """
    twin = copy.deepcopy(network).eval().requires_grad_(False)
    disentangle = FoldedDisentanglement(twin.backbone.ema_1, twin.backbone.ema_S)
    twin.backbone.ema_1 = twin.backbone.ema_S = None
    fold_norms(twin.backbone)
    twin.backbone.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # in no stub
    if winograd:
        use_winograd(twin.backbone, WINOGRAD_FROM)
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
