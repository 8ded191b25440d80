"""Clothes, hair and face as paint on the resting body, and how far each layer stands off the skin.

The body has 24 parts, one per joint. Along one direction of its own, each part is divided at two
places into three materials: an upper arm is shirt, then skin; a thigh is shirt, trousers, skin. The
cuts are planes of the rest pose, so edges are sharp at any resolution and need no texture.

Rest pose: body frame, x to the person's left, y up, z to the front, metres, pelvis at the origin.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from jaxtyping import Float32, Int64

from model.synth.skeleton import JOINT
from model.types import Array


class Material(IntEnum):
    """What can be seen of a person."""

    SKIN = 0
    SHIRT = 1
    TROUSERS = 2
    SHOE = 3
    SOLE = 4
    HAIR = 5
    HAT = 6


GARMENT_PARTS = {kind: 25 + i for i, kind in enumerate(("suit", "shoes", "hair", "hat"))}
"""Parts of garments that are meshes of their own."""

PARTS = 29  # with the background, which is 0

_GARMENT_MATERIALS = {
    "suit": (Material.SHIRT, Material.TROUSERS, Material.TROUSERS),
    "shoes": (Material.SHOE,) * 3,
    "hair": (Material.HAIR,) * 3,
    "hat": (Material.HAT,) * 3,
}
_NEVER = 9.0  # metres; beyond every body
_DOWN = np.array([0.0, -1.0, 0.0])
_NECK = np.array([0.0, 0.92, 0.38])  # across the collar, which is lower in front
_CROWN = np.array([0.0, 0.743, -0.669])  # across the hairline, which is lower at the nape
_FOREHEAD_Z_M = 0.11
_SHAFT_M, _SOLE_M = -0.025, 0.055  # upper edges of shoe and sole, below the ankle

_Row = tuple[Array, tuple[float, float], tuple[Material, Material, Material]]
"""Direction, places of the cuts, materials between them."""


@dataclass(frozen=True)
class Cut:
    """What people choose of their clothes.

    Attributes:
        sleeve: How far sleeves reach: 0 shoulder, 1 elbow, 2 wrist.
        leg: How far trousers reach: 0 hip, 1 knee, 2 ankle.
        hem_m: Height of the shirt's lower edge.
        neckline_m: Height of its upper edge at the middle of the neck.
        hairline_m: Height of the hair's edge on the forehead; 1 is a bald head.
    """

    sleeve: float = 0.75
    leg: float = 2.0
    hem_m: float = 0.015
    neckline_m: float = 0.545
    hairline_m: float = 0.767


@dataclass(frozen=True, eq=False)
class Pattern:
    """The cuts of every part: row 0 is the background, row 1 + j joint j's, then `GARMENT_PARTS`.

    Attributes:
        directions: Along which a part is divided, about the body's origin.
        bounds_m: The two places.
        materials: Before, between and after them.
    """

    directions: Float32[Array, "parts 3"]
    bounds_m: Float32[Array, "parts 2"]
    materials: Int64[Array, "parts 3"]

    def material_at(
        self, part: Int64[Array, "*shape"], rest_m: Float32[Array, "*shape 3"]
    ) -> Int64[Array, "*shape"]:
        """Return the material at places of the resting body."""
        along = (self.directions[part] * rest_m).sum(axis=-1)
        layer = (along[..., None] > self.bounds_m[part]).sum(axis=-1)
        return np.asarray(np.take_along_axis(self.materials[part], layer[..., None], -1)[..., 0])


def sew(cut: Cut, joints_m: Float32[Array, "24 3"]) -> Pattern:
    """Lay the cuts over a body.

    Args:
        cut: What is worn.
        joints_m: Of the mean body at rest.
    """
    pattern = Pattern(
        np.zeros((PARTS, 3), np.float32),
        np.full((PARTS, 2), _NEVER, np.float32),
        np.zeros((PARTS, 3), np.int64),
    )
    rows = _trunk_rows(cut) | _leg_rows(cut, joints_m) | _arm_rows(cut, joints_m)
    for joint, (direction, bounds_m, materials) in rows.items():
        part = JOINT[joint] + 1
        pattern.directions[part], pattern.bounds_m[part] = direction, bounds_m
        pattern.materials[part] = materials
    for kind, part in GARMENT_PARTS.items():
        pattern.materials[part] = _GARMENT_MATERIALS[kind]
    pattern.directions[GARMENT_PARTS["suit"]] = _DOWN
    pattern.bounds_m[GARMENT_PARTS["suit"], 0] = -cut.hem_m
    return pattern


def _trunk_rows(cut: Cut) -> dict[str, _Row]:
    skin, shirt, trousers, _, _, hair, _ = Material
    collar_m = float(_NECK @ [0, cut.neckline_m, 0])
    hairline_m = float(_CROWN @ [0, cut.hairline_m, _FOREHEAD_Z_M])
    upper: _Row = (_NECK, (collar_m, _NEVER), (shirt, skin, skin))
    lower: _Row = (_DOWN, (-cut.hem_m, _NEVER), (shirt, trousers, trousers))
    rows = dict.fromkeys(("neck", "spine3", "left_collar", "right_collar"), upper)
    rows |= dict.fromkeys(("spine2", "spine1", "pelvis"), lower)
    return rows | {"head": (_CROWN, (hairline_m, _NEVER), (skin, hair, hair))}


def _leg_rows(cut: Cut, joints_m: Float32[Array, "24 3"]) -> dict[str, _Row]:
    skin, shirt, trousers, shoe, sole, _, _ = Material
    hip_m, knee_m, ankle_m = (-joints_m[JOINT[f"left_{n}"], 1] for n in ("hip", "knee", "ankle"))
    edge_m = float(np.interp(cut.leg, (0, 1, 2), (hip_m, knee_m, ankle_m)))
    sole_m, shaft_m = float(ankle_m) + _SOLE_M, float(ankle_m) + _SHAFT_M
    # The border between two parts runs along triangles, so no edge of a cloth may fall on it.
    long = edge_m > shaft_m - 0.06
    foot: _Row = (_DOWN, (0, sole_m), (shoe, shoe, sole))
    rows: dict[str, _Row] = {}
    for side in ("left", "right"):
        rows[f"{side}_hip"] = (_DOWN, (-cut.hem_m, edge_m), (shirt, trousers, skin))
        rows[f"{side}_knee"] = (_DOWN, (_NEVER if long else edge_m, _NEVER), (trousers, skin, skin))
        rows[f"{side}_ankle"] = (_DOWN, (shaft_m, sole_m), (trousers if long else skin, shoe, sole))
        rows[f"{side}_foot"] = foot
    return rows


def _arm_rows(cut: Cut, joints_m: Float32[Array, "24 3"]) -> dict[str, _Row]:
    rows: dict[str, _Row] = {}
    for side in ("left", "right"):
        for index, (joint, end) in enumerate((("shoulder", "elbow"), ("elbow", "wrist"))):
            start_m, end_m = joints_m[JOINT[f"{side}_{joint}"]], joints_m[JOINT[f"{side}_{end}"]]
            length_m = float(np.linalg.norm(end_m - start_m))
            along = (end_m - start_m) / length_m
            edge_m = float(along @ start_m) + (cut.sleeve - index) * length_m
            rows[f"{side}_{joint}"] = (
                along,
                (edge_m, _NEVER),
                (Material.SHIRT, Material.SKIN, Material.SKIN),
            )
    return rows
