"""What cameras, phones and web sites do to pictures: blur, noise, colour casts, compression."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32

_LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601
# Quantisation of luma in JPEG (ITU-T T.81, table K.1).
_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61),
    (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56),
    (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77),
    (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101),
    (72, 92, 95, 98, 112, 100, 103, 99),
)


@dataclass(frozen=True)
class Spoiling:
    """What happens to the pictures of one clip, in this order; the defaults change nothing.

    Attributes:
        shrink: Pixels a side are reduced by this factor, and blown up again.
        blur_px: Standard deviation of a Gaussian.
        gains: Of the channels.
        gamma: Exponent of brightness.
        grey: No colours.
        noise: Standard deviation, of values from 0 to 1.
        quality: Of JPEG, 1 to 100.
    """

    shrink: float = 1.0
    blur_px: float = 0.0
    gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 1.0
    grey: bool = False
    noise: float = 0.0
    quality: int = 100


def draw_spoiling(rng: np.random.Generator) -> Spoiling:
    """Draw for one clip."""
    red, green, blue = rng.uniform(0.6, 1.35) * rng.uniform(0.85, 1.18, 3)
    return Spoiling(
        shrink=_sometimes(rng, 0.25, rng.uniform(1.3, 4.0), 1.0),
        blur_px=_sometimes(rng, 0.35, rng.uniform(0.4, 2.2), 0.0),
        gains=(float(red), float(green), float(blue)),
        gamma=_sometimes(rng, 0.4, np.exp(rng.normal(0, 0.3)), 1.0),
        grey=bool(rng.random() < 0.1),
        noise=_sometimes(rng, 0.5, rng.uniform(0.003, 0.045), 0.0),
        quality=int(_sometimes(rng, 0.35, rng.uniform(15, 75), 100.0)),
    )


def spoil(
    rgb: Float32[torch.Tensor, "n 3 h w"], how: Spoiling, generator: torch.Generator
) -> Float32[torch.Tensor, "n 3 h w"]:
    """Return the pictures of one clip as a poor camera gives them, in [0, 1]."""
    height, width = rgb.shape[2:]
    if how.shrink > 1:
        small = (max(8, round(height / how.shrink)), max(8, round(width / how.shrink)))
        rgb = F.interpolate(rgb, small, mode="bilinear", antialias=True)
        rgb = F.interpolate(rgb, (height, width), mode="bilinear")
    if how.blur_px > 0:
        rgb = _blur(rgb, how.blur_px)
    rgb = (rgb * rgb.new_tensor(how.gains)[:, None, None]).clamp(0, 1)
    if how.gamma != 1:
        rgb = rgb**how.gamma
    if how.grey:
        rgb = torch.einsum("nchw,c->nhw", rgb, rgb.new_tensor(_LUMA))[:, None].expand_as(rgb)
    if how.noise > 0:
        grain = torch.randn(rgb.shape, generator=generator, device=generator.device)
        rgb = rgb + how.noise * grain.to(rgb.device)
    if how.quality < 100:
        rgb = _compress(rgb, how.quality)
    return rgb.clamp(0, 1)


def _blur(rgb: Float32[torch.Tensor, "n 3 h w"], sigma_px: float) -> torch.Tensor:
    radius = int(np.ceil(3 * sigma_px))
    places = torch.arange(-radius, radius + 1, device=rgb.device, dtype=rgb.dtype)
    kernel = torch.exp(-(places**2) / (2 * sigma_px**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    rgb = F.conv2d(F.pad(rgb, (radius, radius, 0, 0), mode="replicate"), kernel, groups=3)
    rgb = F.pad(rgb, (0, 0, radius, radius), mode="replicate")
    return F.conv2d(rgb, kernel.transpose(2, 3), groups=3)


def _compress(rgb: Float32[torch.Tensor, "n 3 h w"], quality: int) -> torch.Tensor:
    """Round the cosine transform of 8 by 8 blocks, as JPEG does, in each channel.

    The channels are not turned into luma and chroma first: the same block edges and ripples, a
    little more colour noise.
    """
    scale = 50 / quality if quality < 50 else 2 - quality / 50  # as the IJG's library has it
    steps = (rgb.new_tensor(_STEPS) * scale).clamp(min=1) / 255
    basis = _cosines(rgb)
    n, c, height, width = rgb.shape
    padded = F.pad(rgb, (0, -width % 8, 0, -height % 8), mode="replicate")
    blocks = padded.unfold(2, 8, 8).unfold(3, 8, 8) - 0.5  # [n,3,rows,columns,8,8]
    rounded = ((basis @ blocks @ basis.T) / steps).round() * steps
    blocks = basis.T @ rounded @ basis + 0.5
    return blocks.transpose(3, 4).reshape(n, c, *padded.shape[2:])[..., :height, :width]


def _cosines(like: torch.Tensor) -> Float32[torch.Tensor, "8 8"]:
    """Return the orthonormal cosine transform of 8 values."""
    k = torch.arange(8, device=like.device, dtype=like.dtype)
    basis = torch.cos(torch.pi / 8 * (k + 0.5) * k[:, None]) / 2
    basis[0] /= 2**0.5
    return basis


def _sometimes(rng: np.random.Generator, chance: float, value: float, otherwise: float) -> float:
    return float(value) if rng.random() < chance else otherwise
