"""Clips of evidence from pictures: rendered people, looked at as the tracker looks at them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from model.evidence import MIN_PRESENCE, gather_evidence
from model.landmarks import LandmarkModel, Landmarks
from model.region import CROP_MARGIN, REGION_MARGIN, Region
from model.synth.dataset import SynthClips
from model.synth.framing import draw_squares
from model.tracking.looking import is_mirrored
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
        views_px = surroundings(squares_px)
        pictures = self._clips.photograph(clip, views_px, rng, SIDE)
        scale = SIDE / (views_px[:, 2:3] - views_px[:, :1])
        crops_px = (squares_px - np.tile(views_px[:, :2], 2)) * scale
        times_s = np.arange(len(pictures)) / float(clip.fps)
        seen = follow(pictures, times_s, crops_px.astype(np.float32), self._look)
        return self._clips.label(clip, squares_px)._replace(
            landmarks=seen.landmarks, mask=seen.mask
        )


def surroundings(squares_px: Float32[Array, "n 4"]) -> Float32[Array, "n 4"]:
    """Return one square, n times, that holds those of a clip and some room about them."""
    low, high = squares_px[:, :2].min(axis=0), squares_px[:, 2:].max(axis=0)
    centre, half = (low + high) / 2, _ROOM * (high - low).max() / 2
    return np.repeat(np.concatenate([centre - half, centre + half])[None], len(squares_px), axis=0)


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
        looks.append(look(picture, replace(region, mirrored=is_mirrored(number))))
        region = looks[-1].region if looks[-1].presence >= MIN_PRESENCE else None
    points = np.stack([found.points for found in looks])
    seen = [
        gather_evidence(
            Observation(
                1, 0, at_s, crop_px, 1.0, steady_landmarks(times_s, points, at_s), found.mask
            )
        )
        for at_s, crop_px, found in zip(times_s.tolist(), crops_px, looks, strict=True)
    ]
    return Evidence(np.stack([e.landmarks for e in seen]), np.stack([e.mask for e in seen]))
