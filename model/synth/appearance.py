"""What is drawn by lot about how one person looks: colours, cloth and the light on them."""

from typing import NamedTuple

import numpy as np
import torch

from model.synth.backdrop import Backdrops
from model.synth.outfit import Pattern
from model.synth.paint import Looks, looks_of
from model.synth.shade import Cloth, Light, draw_cloth
from model.synth.wardrobe import draw_colours


class Appearance(NamedTuple):
    """The last arguments of `model.synth.shade.shade`, of one person."""

    looks: Looks
    light: Light
    cloth: Cloth

    def to(self, device: torch.device) -> "Appearance":
        """Return the same on another device."""
        return Appearance(
            Looks(*(x.to(device) for x in self.looks)),
            Light(*(x.to(device) for x in self.light)),
            Cloth(*(x.to(device) for x in self.cloth)),
        )


def draw_appearance(
    pattern: Pattern, light: Light, backdrops: Backdrops, rng: np.random.Generator
) -> Appearance:
    """Draw colours and cloth.

    Args:
        pattern: Where which material is.
        light: Shared by all people of a picture.
        backdrops: Gives textures.
        rng: Draws.
    """
    colours = draw_colours(rng)
    cloth = draw_cloth(rng, backdrops.draw_texture(rng))
    return Appearance(looks_of(pattern, *colours), light, cloth)
