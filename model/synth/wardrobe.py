"""People drawn by lot: what they wear, and in which colours."""

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from jaxtyping import Float32

from model.bodies.skinning import load_anny
from model.shading import srgb_to_linear
from model.synth.garments import Garment
from model.synth.outfit import Cut, Material
from model.synth.paint import MARKS
from model.synth.people import Person, clothe
from model.types import Array

# From light to dark; people differ about these by brightness.
_SKINS = ((255, 219, 185), (241, 194, 160), (224, 172, 135), (198, 134, 100), (141, 85, 60))
_DARK_SKINS = ((92, 56, 40), (60, 38, 28))
_HAIRS = ((25, 20, 15), (60, 40, 28), (90, 60, 35), (190, 150, 90), (130, 130, 130), (120, 55, 25))
_UNDER_GARMENTS = Cut(sleeve=-1.0, leg=0.0, neckline_m=0.0, hem_m=0.0)  # skin but for the hips


def draw_person(rng: np.random.Generator, garments: Sequence[Garment] = ()) -> Person:
    """Dress somebody: in garments, where there are some, five times in six; else in paint."""
    suits = [garment for garment in garments if garment.kind == "suit"]
    if not suits or rng.random() < 1 / 6:
        return clothe(load_anny(), _draw_cut(rng), _draw_thickness(rng))
    worn = [_choose(rng, suits)]
    for kind, share in (("shoes", 0.9), ("hair", 0.85), ("hat", 0.12)):
        of_kind = [garment for garment in garments if garment.kind == kind]
        if of_kind and rng.random() < share:
            worn.append(_choose(rng, of_kind))
    thickness_m = _draw_thickness(rng) * np.float32(0.3)
    return clothe(load_anny(), _UNDER_GARMENTS, thickness_m, worn)


def draw_colours(
    rng: np.random.Generator,
) -> tuple[Float32[torch.Tensor, "7 3"], Float32[torch.Tensor, "4 3"]]:
    """Draw linear colours: of the materials, and of the marks of the face."""
    skins = _SKINS + _DARK_SKINS
    skin = np.array(skins[rng.integers(len(skins))]) / 255 * rng.uniform(0.8, 1.1)
    hair = np.array(_HAIRS[rng.integers(len(_HAIRS))]) / 255 * rng.uniform(0.6, 1.3)
    shirt = _draw_colour(rng)
    trousers = shirt if rng.random() < 0.12 else _draw_colour(rng)
    if rng.random() < 0.3:
        trousers = np.array([0.16, 0.2, 0.35]) * rng.uniform(0.4, 1.8)  # jeans
    shoe, sole = _draw_colour(rng) * rng.uniform(0.2, 1), np.full(3, rng.uniform(0.05, 0.95))
    srgb = np.stack([skin, shirt, trousers, shoe, sole, hair, _draw_colour(rng)])
    iris = np.array([[0.2, 0.13, 0.09], [0.35, 0.45, 0.55], [0.3, 0.35, 0.2]])[rng.integers(3)]
    marks = np.stack([np.full(3, 0.9), iris, hair * 0.9, skin * [0.85, 0.65, 0.68]])
    assert len(srgb) == len(Material)
    assert len(marks) == len(MARKS)
    linear = (srgb_to_linear(np.clip(x, 0, 1).astype(np.float32)) for x in (srgb, marks))
    materials, face = (torch.from_numpy(x) for x in linear)
    return materials, face


def _draw_cut(rng: np.random.Generator) -> Cut:
    return Cut(
        sleeve=float(rng.choice([rng.uniform(0.1, 0.95), rng.uniform(1.6, 2.0)])),
        leg=2.0 if rng.random() < 0.7 else float(rng.uniform(0.35, 1.3)),
        hem_m=float(rng.uniform(-0.12, 0.06)),
        neckline_m=float(rng.uniform(0.5, 0.56)),
        hairline_m=1.0 if rng.random() < 0.12 else float(rng.uniform(0.75, 0.78)),
    )


def _draw_thickness(rng: np.random.Generator) -> Float32[Array, "7"]:
    low = np.array([0, 0.006, 0.005, 0.006, 0.006, 0.008, 0])
    high = np.array([0, 0.035, 0.030, 0.014, 0.012, 0.035, 0])
    return rng.uniform(low, high).astype(np.float32)


def _draw_colour(rng: np.random.Generator) -> Array:
    """Draw sRGB: greys, muted colours, any colour."""
    kind = rng.random()
    if kind < 0.25:
        return np.full(3, rng.uniform(0.03, 0.97)) * rng.uniform(0.95, 1.05, 3)
    if kind < 0.6:
        hsv = np.array([[[rng.uniform(0, 360), rng.uniform(0.1, 0.5), rng.uniform(0.1, 0.9)]]])
        return np.asarray(cv2.cvtColor(hsv.astype(np.float32), cv2.COLOR_HSV2RGB)[0, 0], np.float64)
    return rng.uniform(0, 1, 3)


def _choose(rng: np.random.Generator, garments: Sequence[Garment]) -> Garment:
    return garments[int(rng.integers(len(garments)))]
