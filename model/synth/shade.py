"""From G-buffers to pictures of people: cloth, light and colour, in batches, on any device.

Fast where `model.synth.studio` is beautiful: one key light, one sky, no cast shadows.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float32, Int64

from model.synth.outfit import Material
from model.synth.paint import Looks, paint

_WAVES = 4  # that make up the folds of a cloth
_CLOTH = (Material.SHIRT, Material.TROUSERS)


class Light(NamedTuple):
    """One key light and a sky, for each of n pictures.

    Attributes:
        direction: Unit vector to the key light, in the camera frame.
        key_rgb: Linear.
        ambient_rgb: Linear, from everywhere.
        sky: How much more of it comes from above than from below, 0 to 1.
    """

    direction: Float32[torch.Tensor, "n 3"]
    key_rgb: Float32[torch.Tensor, "n 3"]
    ambient_rgb: Float32[torch.Tensor, "n 3"]
    sky: Float32[torch.Tensor, "n"]


class Cloth(NamedTuple):
    """What cloth looks like close by, for each of n pictures.

    Attributes:
        texture: Laid around the body and repeated.
        per_m: How often it repeats over a metre.
        share: Of each material that is texture; the rest is plain colour.
        folds_per_m: Directions of the folds, as long as there are radians to a metre.
        depth: Of the folds, on shirt and trousers.
    """

    texture: Float32[torch.Tensor, "n 3 t t"]
    per_m: Float32[torch.Tensor, "n"]
    share: Float32[torch.Tensor, "n 7"]
    folds_per_m: Float32[torch.Tensor, "n 4 3"]
    depth: Float32[torch.Tensor, "n"]


def draw_light(rng: np.random.Generator) -> Light:
    """Draw the light of one picture: mostly from above and before the person."""
    direction = rng.normal(size=3) * [1.0, 0.6, 0.7] + [0, -0.7, -0.6]
    ambient = rng.uniform(0.15, 0.75)
    key = rng.uniform(0.15, 1.2 - 0.7 * ambient)
    tint = rng.uniform(0.85, 1.15, (2, 3))
    return Light(
        _row(direction / np.linalg.norm(direction)),
        _row(key * tint[0]),
        _row(ambient * tint[1]),
        torch.tensor([rng.uniform(0, 0.5)], dtype=torch.float32),
    )


def draw_cloth(rng: np.random.Generator, texture: Float32[torch.Tensor, "3 t t"]) -> Cloth:
    """Draw how strongly a texture shows, and folds."""
    share = np.zeros(len(Material))
    for material in _CLOTH:
        share[material] = rng.uniform(0.15, 0.9) * (rng.random() < 0.45)
    folds = rng.normal(size=(_WAVES, 3))
    folds *= rng.uniform(8, 45, (_WAVES, 1)) / np.linalg.norm(folds, axis=1, keepdims=True)
    return Cloth(
        texture[None],
        torch.tensor([np.exp(rng.uniform(0, 2.2))], dtype=torch.float32),
        _row(share),
        _row(folds),
        torch.tensor([rng.uniform(0, 0.35)], dtype=torch.float32),
    )


def shade(
    part: Int64[torch.Tensor, "n h w"],
    normal: Float32[torch.Tensor, "n h w 3"],
    rest_m: Float32[torch.Tensor, "n h w 3"],
    looks: Looks,
    light: Light,
    cloth: Cloth,
) -> Float32[torch.Tensor, "n 4 h w"]:
    """Return sRGB in [0, 1] multiplied by coverage, and coverage.

    Args:
        part: 0 where nobody is.
        normal: In the camera frame.
        rest_m: Place on the resting body.
        looks: What is worn, a row per picture, likewise the next two.
        light: The light.
        cloth: Textures and folds.
    """
    material, rgb = paint(part, rest_m, looks)
    rgb = _texture(rgb, material, rest_m, cloth)
    normal = _fold(normal, material, rest_m, cloth)
    facing = torch.einsum("nhwc,nc->nhw", normal, light.direction).clamp(min=0)
    above = 1 - light.sky[:, None, None] * normal[..., 1]
    received = facing[..., None] * _spread(light.key_rgb)
    received = received + above[..., None] * _spread(light.ambient_rgb)
    seen = (part > 0)[..., None]
    srgb = linear_to_srgb(rgb * received) * seen
    return torch.cat([srgb, seen.to(srgb.dtype)], dim=-1).permute(0, 3, 1, 2)


def linear_to_srgb(linear: Float32[torch.Tensor, "*shape"]) -> Float32[torch.Tensor, "*shape"]:
    """Encode linear light as sRGB in [0, 1] (IEC 61966-2-1); the twin of `model.shading`'s."""
    linear = linear.clamp(0, 1)
    bright = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, bright)


def _texture(
    rgb: Float32[torch.Tensor, "n h w 3"],
    material: Int64[torch.Tensor, "n h w"],
    rest_m: Float32[torch.Tensor, "n h w 3"],
    cloth: Cloth,
) -> Float32[torch.Tensor, "n h w 3"]:
    around = rest_m[..., 0] + rest_m[..., 2]
    place = torch.stack([around, rest_m[..., 1]], dim=-1) * cloth.per_m[:, None, None, None]
    place = 4 * (place - place.floor() - 0.5).abs() - 1  # there and back, so that no seam shows
    texture = F.grid_sample(cloth.texture, place, align_corners=False, padding_mode="border")
    share = cloth.share.gather(1, material.flatten(1)).view(material.shape)[..., None]
    return torch.lerp(rgb, texture.permute(0, 2, 3, 1), share)


def _fold(
    normal: Float32[torch.Tensor, "n h w 3"],
    material: Int64[torch.Tensor, "n h w"],
    rest_m: Float32[torch.Tensor, "n h w 3"],
    cloth: Cloth,
) -> Float32[torch.Tensor, "n h w 3"]:
    phase = torch.einsum("nhwc,nkc->nhwk", rest_m, cloth.folds_per_m)
    slope = torch.einsum("nhwk,nkc->nhwc", phase.cos(), F.normalize(cloth.folds_per_m, dim=-1))
    depth = cloth.depth[:, None, None] * _is_cloth(material)
    return F.normalize(normal + depth[..., None] * slope / _WAVES**0.5, dim=-1, eps=1e-6)


def _is_cloth(material: Int64[torch.Tensor, "n h w"]) -> Bool[torch.Tensor, "n h w"]:
    return (material == Material.SHIRT) | (material == Material.TROUSERS)


def _spread(rgb: Float32[torch.Tensor, "n 3"]) -> Float32[torch.Tensor, "n 1 1 3"]:
    return rgb[:, None, None]


def _row(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))[None]
