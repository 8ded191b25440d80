"""From G-buffers to pictures of people: cloth, light and colour, pixel by pixel, on any device.

Fast where `model.synth.studio` is beautiful: one key light, one sky, no cast shadows.
"""

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64

from model.synth.outfit import Material
from model.synth.paint import Looks, paint

_WAVES = 4  # that make up the folds of a cloth
_CLOTH = (Material.SHIRT, Material.TROUSERS)


class Light(NamedTuple):
    """One key light and a sky, on each of n people.

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
    """What the cloth of n people looks like close by.

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
    """Draw the light on one person: mostly from above and before the person."""
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
    part: Int64[torch.Tensor, "pixels"],
    normal: Float32[torch.Tensor, "pixels 3"],
    rest_m: Float32[torch.Tensor, "pixels 3"],
    owner: Int64[torch.Tensor, "pixels"],
    looks: Looks,
    light: Light,
    cloth: Cloth,
) -> Float32[torch.Tensor, "pixels 3"]:
    """Return the sRGB colours, in [0, 1], of pixels that show people; of any number of pictures.

    Args:
        part: What is seen.
        normal: In the camera frame.
        rest_m: Place on the resting body.
        owner: Whose it is, a row of all that follows.
        looks: What is worn.
        light: The light on each person.
        cloth: Textures and folds.
    """
    material, rgb = paint(part, rest_m, owner, looks)
    rgb = _texture(rgb, material, rest_m, owner, cloth)
    normal = _fold(normal, material, rest_m, owner, cloth)
    facing = (normal * light.direction[owner]).sum(-1, keepdim=True).clamp(min=0)
    above = 1 - light.sky[owner, None] * normal[:, 1:2]
    return linear_to_srgb(rgb * (facing * light.key_rgb[owner] + above * light.ambient_rgb[owner]))


def linear_to_srgb(linear: Float32[torch.Tensor, "*shape"]) -> Float32[torch.Tensor, "*shape"]:
    """Encode linear light as sRGB in [0, 1] (IEC 61966-2-1); the twin of `model.shading`'s."""
    linear = linear.clamp(0, 1)
    bright = 1.055 * linear.clamp(min=0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, bright)


def _texture(
    rgb: Float32[torch.Tensor, "pixels 3"],
    material: Int64[torch.Tensor, "pixels"],
    rest_m: Float32[torch.Tensor, "pixels 3"],
    owner: Int64[torch.Tensor, "pixels"],
    cloth: Cloth,
) -> Float32[torch.Tensor, "pixels 3"]:
    side = cloth.texture.shape[-1]
    around, up = rest_m[:, 0] + rest_m[:, 2], rest_m[:, 1]
    place = torch.stack([up, around]) * cloth.per_m[owner]
    fold = 2 * (place - place.floor() - 0.5).abs()  # there and back, so that no seam shows
    row, column = (fold * side).long().clamp(max=side - 1)
    texture = cloth.texture[owner, :, row, column]
    return torch.lerp(rgb, texture, cloth.share[owner, material][:, None])


def _fold(
    normal: Float32[torch.Tensor, "pixels 3"],
    material: Int64[torch.Tensor, "pixels"],
    rest_m: Float32[torch.Tensor, "pixels 3"],
    owner: Int64[torch.Tensor, "pixels"],
    cloth: Cloth,
) -> Float32[torch.Tensor, "pixels 3"]:
    folds = cloth.folds_per_m[owner]  # [pixels,4,3]
    slope = (folds @ rest_m[..., None]).cos() * F.normalize(folds, dim=-1)
    is_cloth = (material == Material.SHIRT) | (material == Material.TROUSERS)
    depth = cloth.depth[owner] * is_cloth / _WAVES**0.5
    return F.normalize(normal + depth[:, None] * slope.sum(1), dim=-1, eps=1e-6)


def _row(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(values.astype(np.float32))[None]
