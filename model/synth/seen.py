"""Clips of evidence from pictures: rendered people, looked at as the tracker looks at them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from model.evidence import MIN_PRESENCE, gather_evidence
from model.landmarks import LandmarkModel, Landmarks
from model.region import CROP_MARGIN, REGION_MARGIN, Region
from model.synth.dataset import SynthClips
from model.synth.framing import draw_regions, draw_squares
from model.tracking.steady import steady_landmarks
from model.training.batch import Sample
from model.types import Array, Evidence, Observation

Look = Callable[[UInt8[Array, "height width 3"], Region], Landmarks]

SIDE = 288  # pixels of the pictures; then people are about as large as in BlazePose's own squares
_ROOM = 1.15 * REGION_MARGIN / CROP_MARGIN  # around the crop, so that turned squares see no edge


class SeenClips:
    """A `ClipSource` of what BlazePose says of pictures; its samples have no pixels.

    Args:
        clips: Who is pictured, and what is true of them.
        look: BlazePose's landmark network, unless given.
    """

    def __init__(self, clips: SynthClips, look: Look | None = None) -> None:
        self._clips = clips
        self._look = look or LandmarkModel()

    def __len__(self) -> int:
        return len(self._clips)

    def sample(self, index: int, rng: np.random.Generator) -> Sample:
        """Make one clip; it depends on the set, the index and the generator alone."""
        clip = self._clips.baked.clip(index)
        squares_px = draw_squares(rng, clip.hips_px, clip.extent_px)
        are_stills = clip.fps == 0
        views_px = surroundings(squares_px, apart=bool(are_stills))
        pictures = self._clips.photograph(clip, views_px, rng, SIDE)
        scale = SIDE / (views_px[:, 2:3] - views_px[:, :1])
        crops_px = ((squares_px - np.tile(views_px[:, :2], 2)) * scale).astype(np.float32)
        if are_stills:
            regions = draw_regions(rng, clip.hips_px, clip.joints_px, clip.extent_px)
            pictured = [_in_picture(*both) for both in zip(regions, views_px, strict=True)]
            seen = glance(pictures, crops_px, pictured, self._look)
        else:
            times_s = np.arange(len(pictures)) / float(clip.fps)
            seen = follow(pictures, times_s, crops_px, self._look)
        return self._clips.label(clip, squares_px)._replace(
            landmarks=seen.landmarks, mask=seen.mask
        )


def surroundings(
    squares_px: Float32[Array, "n 4"], *, apart: bool = False
) -> Float32[Array, "n 4"]:
    """Return one square, n times, that holds those of a clip and some room about them.

    Args:
        squares_px: Of the frames.
        apart: One for each frame instead.
    """
    low, high = squares_px[:, :2], squares_px[:, 2:]
    if not apart:
        low, high = (np.repeat(x[None], len(squares_px), 0) for x in (low.min(0), high.max(0)))
    centre, half = (low + high) / 2, _ROOM * (high - low).max(axis=1, keepdims=True) / 2
    return np.concatenate([centre - half, centre + half], axis=1)


def follow(
    pictures: UInt8[Array, "n height width 3"],
    times_s: Float64[Array, "n"],
    crops_px: Float32[Array, "n 4"],
    look: Look,
) -> Evidence:
    """Look at somebody as the tracker does: each time where the look before said.

    Args:
        pictures: Consecutive.
        times_s: Of them.
        crops_px: Squares of the pictures that the evidence is about; the first also says where to
            look first, as does that of every frame after a look that saw nobody.
        look: Finds the landmarks in a region.
    """
    looks: list[Landmarks] = []
    region: Region | None = None
    for number, (picture, crop_px) in enumerate(zip(pictures, crops_px, strict=True)):
        if region is None:
            region = look(picture, Region.of_crop(crop_px)).region
        looks.append(look(picture, replace(region, mirrored=number % 2 == 1)))
        region = looks[-1].region if looks[-1].presence >= MIN_PRESENCE else None
    points = np.stack([found.points for found in looks])
    steady = [steady_landmarks(times_s, points, at_s) for at_s in times_s.tolist()]
    return _gather(crops_px, steady, looks)


def glance(
    pictures: UInt8[Array, "n height width 3"],
    crops_px: Float32[Array, "n 4"],
    regions: Sequence[Region],
    look: Look,
) -> Evidence:
    """Look once at each of n pictures that have nothing to do with each other.

    Args:
        pictures: Of one person each.
        crops_px: Squares of the pictures that the evidence is about.
        regions: Where to look.
        look: Finds the landmarks in a region.
    """
    looks = [look(picture, region) for picture, region in zip(pictures, regions, strict=True)]
    return _gather(crops_px, [found.points for found in looks], looks)


def _gather(
    crops_px: Float32[Array, "n 4"],
    points: Sequence[Float32[Array, "33 7"]],
    looks: Sequence[Landmarks],
) -> Evidence:
    seen = [
        gather_evidence(Observation(1, 0, 0.0, crop_px, 1.0, there, found.mask))
        for crop_px, there, found in zip(crops_px, points, looks, strict=True)
    ]
    return Evidence(np.stack([e.landmarks for e in seen]), np.stack([e.mask for e in seen]))


def _in_picture(region: Region, view_px: Float32[Array, "4"]) -> Region:
    """Return where a region of the camera's image is in a picture of a square of that."""
    x0, y0, x1, _ = (float(edge) for edge in view_px)
    scale = SIDE / (x1 - x0)
    there = (region.x_px - x0) * scale, (region.y_px - y0) * scale
    return replace(region, x_px=there[0], y_px=there[1], radius_px=region.radius_px * scale)
