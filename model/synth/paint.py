"""Colours of people, pixel by pixel, by their place on the resting body; on any device."""

from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64

from model.synth.outfit import Material, Pattern
from model.synth.skeleton import JOINT

_HEAD = JOINT["head"] + 1
# Face of the mean body: |x|, y and half axes in metres; how much the mark bends down outwards.
MARKS = {
    "eyeball": (0.031, 0.705, 0.0125, 0.0065, 0.0),
    "iris": (0.031, 0.705, 0.0062, 0.0068, 0.0),
    "brow": (0.033, 0.724, 0.020, 0.0042, 0.004),
    "lips": (0.0, 0.636, 0.024, 0.0075, 0.0),
}
_FACE_Z_M = 0.05  # marks lie before this


class Looks(NamedTuple):
    """What n people wear, and of what colour, linear in [0, 1].

    Attributes:
        directions: As in `Pattern`, likewise the next two.
        bounds_m: Places of the cuts.
        materials: Between them.
        rgb: Of each material.
        marks_rgb: Of eyeballs, irises, brows and lips.
    """

    directions: Float32[torch.Tensor, "n parts 3"]
    bounds_m: Float32[torch.Tensor, "n parts 2"]
    materials: Int64[torch.Tensor, "n parts 3"]
    rgb: Float32[torch.Tensor, "n materials 3"]
    marks_rgb: Float32[torch.Tensor, "n 4 3"]


def looks_of(
    pattern: Pattern,
    rgb: Float32[torch.Tensor, "materials 3"],
    marks_rgb: Float32[torch.Tensor, "4 3"],
) -> Looks:
    """Return the looks of one person."""
    arrays = (pattern.directions, pattern.bounds_m, pattern.materials)
    tensors = [*(torch.from_numpy(array) for array in arrays), rgb, marks_rgb]
    return Looks(*(tensor[None] for tensor in tensors))


def paint(
    part: Int64[torch.Tensor, "pixels"],
    rest_m: Float32[torch.Tensor, "pixels 3"],
    owner: Int64[torch.Tensor, "pixels"],
    looks: Looks,
) -> tuple[Int64[torch.Tensor, "pixels"], Float32[torch.Tensor, "pixels 3"]]:
    """Return the material and the linear colour of pixels that show people.

    Args:
        part: What is seen.
        rest_m: Where on the resting body.
        owner: Whose it is, a row of `looks`.
        looks: Of everybody.
    """
    along = (looks.directions[owner, part] * rest_m).sum(-1)
    layer = (along[:, None] > looks.bounds_m[owner, part]).sum(-1)
    material = looks.materials[owner, part, layer]
    rgb = looks.rgb[owner, material]
    face = (part == _HEAD) & (rest_m[:, 2] > _FACE_Z_M) & (material == Material.SKIN)
    rgb[face] = _mark_face(rgb[face], rest_m[face], looks.marks_rgb[owner[face]])
    return material, rgb


def _mark_face(
    rgb: Float32[torch.Tensor, "pixels 3"],
    rest_m: Float32[torch.Tensor, "pixels 3"],
    marks_rgb: Float32[torch.Tensor, "pixels 4 3"],
) -> Float32[torch.Tensor, "pixels 3"]:
    for index, (x, y, half_width, half_height, bend) in enumerate(MARKS.values()):
        aside = (rest_m[:, 0].abs() - x) / half_width
        above = (rest_m[:, 1] - y + bend * (aside**2 - 0.5)) / half_height
        cover = (3.5 - 3 * torch.hypot(aside, above)).clamp(0, 1)  # a soft edge
        rgb = torch.lerp(rgb, marks_rgb[:, index], cover[:, None])
    return rgb
