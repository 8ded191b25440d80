"""Clips to train on: a baked set, dressed in new colours, lit and spoilt anew each time."""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float32, UInt8

from model.camera import view_rotmats
from model.errors import InputError
from model.synth.appearance import draw_appearance
from model.synth.backdrop import Backdrops
from model.synth.baking import INTRINSICS, Clip, bytes_to_rest, fields
from model.synth.compose import Layer, behind_all, cut_off, lay_over
from model.synth.framing import draw_squares
from model.synth.outfit import Pattern
from model.synth.shade import Light, draw_light, shade
from model.synth.spoil import draw_spoiling, spoil
from model.training.batch import Sample
from model.training.windows import Window, one_track_a_clip
from model.types import CROP_SIDE, WINDOW, Array

_BEHIND, _IN_FRONT, _OCCLUDER, _CUT_OFF = 0.3, 0.08, 0.3, 0.12  # chances, of a clip
_FAR_PX = 1e6


_CARD = "set.json"


def is_baked_set(path: Path) -> bool:
    """Whether this is a folder that `bake_clips` filled."""
    return (path / _CARD).is_file()


class BakedSet:
    """A folder that `bake_clips` filled; its arrays stay on disk.

    Raises:
        InputError: `bad_baked_set`.
    """

    def __init__(self, folder: Path) -> None:
        try:
            card = json.loads((folder / _CARD).read_text())
            self._arrays = {
                name: np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                for name in fields(1)
            }
            expected = fields(int(card["side"]))
            for name, array in self._arrays.items():
                dtype, shape = expected[name]
                if array.dtype != dtype or array.shape != (card["clips"], *shape):
                    raise ValueError(f"'{name}' is {array.dtype}{list(array.shape)}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                "bad_baked_set", f"{folder}: {error}; bake it with `remocap synth bake`"
            ) from error

    def __len__(self) -> int:
        return len(self._arrays["part"])

    def clip(self, index: int) -> Clip:
        """Read one clip."""
        return Clip(**{name: np.array(array[index]) for name, array in self._arrays.items()})


class SynthClips:
    """A `ClipSource` of people who never were; to evaluate on, too.

    Args:
        baked: Their G-buffers and labels.
        backdrops: What stands behind them.
        device: Where they are shaded; samples come back to NumPy.
        clean: Neither occluders, other people nor spoiling: to look at, and to compare.
    """

    fps = None  # some clips have 15 frames a second, some 30

    def __init__(
        self,
        baked: BakedSet,
        backdrops: Backdrops,
        *,
        device: torch.device | str = "cpu",
        clean: bool = False,
    ) -> None:
        self.baked = baked
        self._backdrops = backdrops
        self._device = torch.device(device)
        self._clean = clean
        self.tracks = one_track_a_clip(len(baked))

    def __len__(self) -> int:
        return len(self.baked)

    @property
    def frames(self) -> int:
        """Of all clips."""
        return WINDOW * len(self)

    def read(self, window: Window) -> Sample:
        """Make one clip, the same each time."""
        index = window.rows[0] // WINDOW
        return self.sample(index, np.random.default_rng(index))

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Make one clip; it depends on the set, the index and the generator alone."""
        clip = self.baked.clip(index)
        squares_px = draw_squares(rng, clip.hips_px, clip.extent_px)
        return self.label(clip, squares_px)._replace(pixels=self.photograph(clip, squares_px, rng))

    def label(self, clip: Clip, squares_px: Float32[Array, "n 4"]) -> Sample:
        """What is true of a clip in these squares, without the pixels."""
        # The network takes each crop for a picture of its own, seen straight on.
        straight = view_rotmats(squares_px, INTRINSICS)
        side_px = squares_px[:, None, 2:3] - squares_px[:, None, :1]
        joints2d = 2 * (clip.joints_px - squares_px[:, None, :2]) / side_px - 1
        frames = len(squares_px)
        sure = np.ones((frames, 14, 1), np.float32)
        return Sample(
            pixels=None,
            joints2d=np.concatenate([joints2d, sure], axis=2),
            joints3d_m=np.concatenate([clip.joints_m @ straight, sure], axis=2),
            pose=np.zeros((frames, 72), np.float32),
            betas=np.zeros((frames, 10), np.float32),
            mesh_m=clip.coarse_m @ straight,
            has_mesh=np.ones(frames, bool),
        )

    def photograph(
        self,
        clip: Clip,
        squares_px: Float32[Array, "n 4"],
        rng: np.random.Generator,
        side: int = CROP_SIDE,
    ) -> UInt8[Array, "n {side} {side} 3"]:
        """Dress, light and spoil a clip, and take pictures of these squares."""
        square = self._send(squares_px)
        crops = self._behind(clip, square, rng, side)
        light = draw_light(rng)
        chance = 0.0 if self._clean else 1.0
        if rng.random() < _BEHIND * chance:
            crops = lay_over(crops, self._somebody_else(clip, light, rng, 0.7), square)
        crops = lay_over(crops, self._person(clip, light, rng), square)
        if rng.random() < _IN_FRONT * chance:
            crops = lay_over(crops, self._somebody_else(clip, light, rng, 1.3), square)
        if rng.random() < _OCCLUDER * chance:
            crops = lay_over(crops, self._occluder(clip, rng), square)
        if not self._clean:
            noise = torch.Generator(self._device).manual_seed(int(rng.integers(2**62)))
            crops = spoil(crops, draw_spoiling(rng), noise)
        if rng.random() < _CUT_OFF * chance:
            crops = cut_off(crops, self._edge(clip, rng), square)
        pixels = (crops.clamp(0, 1) * 255).round().to(torch.uint8)
        return pixels.permute(0, 2, 3, 1).contiguous().cpu().numpy()

    def _person(self, clip: Clip, light: Light, rng: np.random.Generator) -> Layer:
        """Colour and light one person."""
        pattern = Pattern(clip.directions, clip.bounds_m, clip.materials)
        appearance = draw_appearance(pattern, light, self._backdrops, rng)
        seen = clip.part > 0
        part = self._send(clip.part[seen]).long()
        rgb = shade(
            part,
            self._send(clip.normal[seen]).float() / 127,
            self._send(bytes_to_rest(clip.rest[seen])),
            torch.zeros_like(part),
            *appearance.to(self._device),
        )
        rgba = torch.zeros(*seen.shape, 4, device=self._device)
        rgba[self._send(seen)] = F.pad(rgb, (0, 1), value=1.0)
        return Layer(rgba.permute(0, 3, 1, 2), self._send(clip.square_px))

    def _somebody_else(
        self, clip: Clip, light: Light, rng: np.random.Generator, size: float
    ) -> Layer:
        """Shade another clip, beside the person, `size` times as large give or take."""
        frames = np.linspace(0, WINDOW - 1, len(clip.part)).astype(int)
        other = self.baked.clip(int(rng.integers(len(self.baked)))).some(frames)
        layer = self._person(other, light, rng)
        scale = size * np.exp(rng.normal(0, 0.2)) * clip.extent_px.mean() / other.extent_px.mean()
        aside = rng.choice([-1, 1]) * rng.uniform(0.4, 1.1), rng.normal(0, 0.15)
        there = clip.hips_px.mean(axis=0) + np.array(aside) * clip.extent_px.mean()
        about = np.tile(other.hips_px.mean(axis=0), 2)
        box = (other.square_px - about) * scale + np.tile(there, 2)
        return Layer(layer.rgba, self._send(box.astype(np.float32)))

    def _occluder(self, clip: Clip, rng: np.random.Generator) -> Layer:
        """Put a box or an ellipse somewhere before the person, at rest in the image."""
        rgba, frames = self._backdrops.draw_occluder(rng)[None], len(clip.part)
        extent = float(clip.extent_px.mean())
        about_px = clip.joints_px[frames // 2, rng.integers(14)]
        centre = about_px + rng.normal(0, 0.2, 2) * extent
        half = rng.uniform(0.08, 0.4, 2) * extent
        box = np.concatenate([centre - half, centre + half]).astype(np.float32)
        return Layer(self._repeat(rgba, frames), self._repeat(torch.from_numpy(box)[None], frames))

    def _behind(
        self, clip: Clip, square: Float32[torch.Tensor, "n 4"], rng: np.random.Generator, side: int
    ) -> Float32[torch.Tensor, "n 3 {side} {side}"]:
        frames = len(clip.part)
        backdrop = self._backdrops.draw(rng)[None]
        half = float(clip.extent_px.mean()) * np.exp(rng.uniform(np.log(0.8), np.log(3.0)))
        centre = clip.hips_px[0] + rng.normal(0, 0.7, 2) * half
        drift = np.cumsum(np.full((frames, 2), rng.normal(0, 0.004, 2) * half), axis=0)
        low, high = centre + drift - half, centre + drift + half
        box = self._send(np.concatenate([low, high], axis=1).astype(np.float32))
        return behind_all(self._repeat(backdrop, frames), box, square, side)

    def _edge(self, clip: Clip, rng: np.random.Generator) -> Float32[torch.Tensor, "n 4"]:
        """Return an image that ends somewhere in the person, on one side."""
        image = np.array([-_FAR_PX, -_FAR_PX, _FAR_PX, _FAR_PX], np.float32)
        side = int(rng.integers(4))
        reach = rng.uniform(0.1, 0.9) * clip.extent_px.mean()
        image[side] = clip.hips_px.mean(axis=0)[side % 2] + (reach if side >= 2 else -reach)
        return self._repeat(torch.from_numpy(image)[None], len(clip.part))

    def _send(self, array: Array) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _repeat(self, row: torch.Tensor, frames: int) -> torch.Tensor:
        """Send what all frames of a clip share."""
        return row.to(self._device).expand(frames, *row.shape[1:])
