"""What stands behind people: the user's photos, and pictures that no camera took."""

from pathlib import Path

import cv2
import numpy as np
import torch
from jaxtyping import Float32, UInt8

from model.errors import InputError
from model.synth.split import held_out
from model.types import Array

SIDE = 320
"""Pixels of a backdrop behind a crop."""

_TEXTURE_SIDE = 96
_OCTAVES = (3, 6, 12, 24, 48, 96)


class Backdrops:
    """A stock of pictures to put behind people, and onto clothes.

    Args:
        folder: Of photos (.jpg, .png); None for made-up pictures alone.
        evaluation: Use the photos that are held out, instead of the others.
        side: Pixels of a backdrop, which is square.

    Raises:
        InputError: `no_backdrops`: the folder holds no photo of this side of the split.
    """

    def __init__(
        self, folder: Path | None = None, *, evaluation: bool = False, side: int = SIDE
    ) -> None:
        self._side = side
        self._photos: list[UInt8[Array, "height width 3"]] = []
        if folder is None:
            return
        files = sorted(f for kind in ("*.jpg", "*.png") for f in folder.glob(kind))
        photos = [_read(file, side) for file in files if held_out(file.stem) == evaluation]
        self._photos = [photo for photo in photos if photo is not None]
        if not self._photos:
            raise InputError("no_backdrops", f"{folder} holds no photo to use; expected .jpg, .png")

    def draw(self, rng: np.random.Generator) -> Float32[torch.Tensor, "3 side side"]:
        """Draw a backdrop, sRGB in [0, 1]; two in three are photos, where there are any."""
        if self._photos and rng.random() < 2 / 3:
            return _to_tensor(self._cut(rng, self._side))
        return _to_tensor(make_up(rng, self._side))

    def draw_texture(self, rng: np.random.Generator) -> Float32[torch.Tensor, "3 96 96"]:
        """Draw a pattern for clothes: stripes, checks, or a piece of a backdrop."""
        if rng.random() < 0.5:
            return _to_tensor(_weave(rng, _TEXTURE_SIDE))
        if self._photos:
            return _to_tensor(self._cut(rng, int(rng.integers(60, 240)), _TEXTURE_SIDE))
        return _to_tensor(make_up(rng, _TEXTURE_SIDE))

    def draw_occluder(self, rng: np.random.Generator) -> Float32[torch.Tensor, "4 96 96"]:
        """Draw a box or an ellipse to hide something: colour times coverage, and coverage."""
        texture = self.draw_texture(rng)
        place = torch.linspace(-1, 1, texture.shape[-1])
        is_round = (place[:, None] ** 2 + place**2 < 1).float()
        mask = is_round if rng.random() < 0.5 else torch.ones_like(is_round)
        return torch.cat([texture * mask, mask[None]])

    def _cut(self, rng: np.random.Generator, size: int, side: int | None = None) -> Array:
        photo = self._photos[int(rng.integers(len(self._photos)))]
        top, left = (int(rng.integers(0, n - size + 1)) for n in photo.shape[:2])
        piece = photo[top : top + size, left : left + size] / np.float32(255)
        return (
            piece if side is None else cv2.resize(piece, (side, side), interpolation=cv2.INTER_AREA)
        )


def make_up(rng: np.random.Generator, side: int) -> Float32[Array, "side side 3"]:
    """Make up a picture: coloured noise of many sizes, a floor, and boxes with edges."""
    picture = np.zeros((side, side, 3))
    roughness = rng.uniform(0.4, 0.75)
    for octave, size in enumerate(_OCTAVES):
        grain = rng.uniform(-0.5, 0.5, (size, size, 1 if rng.random() < 0.7 else 3))
        large = cv2.resize(grain, (side, side), interpolation=cv2.INTER_CUBIC)
        picture += roughness**octave * large.reshape(side, side, -1)
    picture *= rng.uniform(0.1, 0.6)
    picture += rng.uniform(0.15, 0.85, 3)
    if rng.random() < 0.6:
        horizon = int(side * rng.uniform(0.4, 0.9))
        picture[horizon:] = 0.6 * picture[horizon:] + 0.4 * rng.uniform(0, 1, 3)
    for _ in range(rng.integers(0, 12)):
        (x, y), (width, height) = rng.integers(0, side, 2), rng.integers(4, side // 2, 2)
        colour, cover = rng.uniform(0, 1, 3), rng.uniform(0.3, 1)
        box = picture[y : y + height, x : x + width]
        box[:] = (1 - cover) * box + cover * colour
    return np.clip(picture, 0, 1).astype(np.float32)


def _weave(rng: np.random.Generator, side: int) -> Float32[Array, "side side 3"]:
    """Make stripes or checks of two colours."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    waves = rng.integers(1, 9, 2) * 2 * np.pi / side
    across, down = np.sin(x * waves[0]) > 0, np.sin(y * waves[1]) > 0
    mask = (across, down, across ^ down)[rng.integers(3)]
    first, second = rng.uniform(0, 1, (2, 3))
    return np.where(mask[..., None], first, second).astype(np.float32)


def _read(file: Path, side: int) -> UInt8[Array, "height width 3"] | None:
    """Read a photo, its shorter side `side` pixels; None where it is none."""
    bgr = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if bgr is None:
        return None
    scale = side / min(bgr.shape[:2])
    size = tuple(max(side, round(n * scale)) for n in bgr.shape[1::-1])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(bgr, size, interpolation=how)[..., ::-1])


def _to_tensor(picture: Float32[Array, "side side 3"]) -> Float32[torch.Tensor, "3 side side"]:
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32))
