"""Batch norms folded into the convolutions before them: what is known need not be computed."""

from itertools import pairwise

from torch import nn


def fold_norm(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> nn.Conv2d:
    """One convolution that answers as `conv` followed by `norm` does outside training."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / (norm.running_var.double() + norm.eps).sqrt()
    bias = 0.0 if conv.bias is None else conv.bias.double()
    weight = conv.weight.double() * scale[:, None, None, None]
    bias = norm.bias.double() + (bias - norm.running_mean.double()) * scale
    folded = nn.Conv2d(
        conv.in_channels,
        conv.out_channels,
        (conv.kernel_size[0], conv.kernel_size[1]),
        stride=(conv.stride[0], conv.stride[1]),
        padding=(int(conv.padding[0]), int(conv.padding[1])),
        device="meta",  # the parameters follow: nothing is drawn for them
    )
    folded.weight = nn.Parameter(weight.to(conv.weight.dtype), requires_grad=False)
    folded.bias = nn.Parameter(bias.to(conv.weight.dtype), requires_grad=False)
    return folded


def fold_norms(network: nn.Module) -> None:
    """Fold every batch norm of `network` that follows a convolution, in place.

    A norm follows where it is registered right after the convolution, as throughout HRNet.
    """
    for parent in list(network.modules()):
        for (conv_name, conv), (norm_name, norm) in pairwise(list(parent.named_children())):
            if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                setattr(parent, conv_name, fold_norm(conv, norm))
                setattr(parent, norm_name, nn.Identity())
