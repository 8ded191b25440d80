"""Crops in, clips out: windows of 8 consecutive frames of one person, sealed a few at a time.

Motion disentanglement couples exactly 8 frames, so a run of L consecutive frames of a person is
cut into windows [0,8), [8,16), and so on. What is left over at the end is seen in the window
[L-8,L), of which only the frames not yet covered are kept; a run of fewer than 8 frames repeats
its last frame, and the repeats are not kept. So each frame is handed on exactly once. (The
published code drops the frames left over in training and evaluation.)

This module knows no video, network or queue.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, UInt8

from model.types import WINDOW, Array, Crop, Evidence, EvidenceCrop, Observation

AnyCrop = Crop | EvidenceCrop


class ClipId(NamedTuple):
    """Names a clip within a video; the same video and tracks give the same ids."""

    track_id: int
    first_frame: int
    frames: int


@dataclass(frozen=True, eq=False)
class Clip:
    """What one request to the network holds: whole windows of one person.

    Attributes:
        inputs: What the network is given, RGB crops or evidence, window after window; n is a
            multiple of 8.
        observations: Whose crops they are; a frame may occur twice.
        keep: Which rows are handed on.
    """

    inputs: UInt8[Array, "n 224 224 3"] | Evidence
    observations: tuple[Observation, ...]
    keep: Bool[Array, "n"]

    @property
    def track_id(self) -> int:
        """The person."""
        return self.observations[0].track_id

    @property
    def id(self) -> ClipId:
        """Unique within the video."""
        return ClipId(self.track_id, self.observations[0].frame_index, len(self.observations))


class ClipBuilder:
    """Collects crops of many people until a clip is full or a run of frames ends.

    Of every person in view it holds at most `max_windows` windows and the 8 crops before them.

    Args:
        max_windows: Windows in a full clip. More fill a GPU better, fewer answer sooner.
    """

    def __init__(self, max_windows: int = 4) -> None:
        self._full = max_windows * WINDOW
        self._runs: dict[int, _Run] = {}

    def add(self, crop: AnyCrop) -> list[Clip]:
        """Take a crop, and return the clips that it completes.

        Crops come in the order of their frames; those of one frame in any order. Whoever is
        missing in a frame that has passed has left, and their run ends.
        """
        frame = crop.observation.frame_index
        gone = [t for t, run in self._runs.items() if run.last_frame < frame - 1]
        sealed = [clip for track_id in gone for clip in self.flush(track_id)]
        run = self._runs.setdefault(crop.observation.track_id, _Run())
        run.append(crop)
        if run.fresh == self._full:
            sealed.append(run.seal())
        return sealed

    def flush(self, track_id: int) -> list[Clip]:
        """End the run of one person, and return what was not yet handed on."""
        run = self._runs.pop(track_id, _Run())
        return [run.seal()] if run.fresh else []

    def close(self) -> list[Clip]:
        """End all runs, and return what was not yet handed on."""
        return [clip for track_id in list(self._runs) for clip in self.flush(track_id)]


def seal_clips(crops: Iterable[AnyCrop], max_windows: int = 4) -> Iterator[Clip]:
    """Yield the clips of crops that come in the order of their frames."""
    builder = ClipBuilder(max_windows)
    for crop in crops:
        yield from builder.add(crop)
    yield from builder.close()


def stack_inputs(crops: Sequence[AnyCrop]) -> UInt8[Array, "n 224 224 3"] | Evidence:
    """The pixels, or the evidence, of crops that are all of one kind."""
    seen = [crop.evidence for crop in crops if isinstance(crop, EvidenceCrop)]
    if seen:
        return Evidence(np.stack([e.landmarks for e in seen]), np.stack([e.mask for e in seen]))
    return np.stack([crop.pixels for crop in crops if isinstance(crop, Crop)])


class _Run:
    """Consecutive crops of one person: the `fresh` ones, and up to 8 handed on before them."""

    def __init__(self) -> None:
        self._crops: list[AnyCrop] = []
        self.fresh = 0

    @property
    def last_frame(self) -> int:
        return self._crops[-1].observation.frame_index

    def append(self, crop: AnyCrop) -> None:
        in_order = not self._crops or crop.observation.frame_index == self.last_frame + 1
        assert in_order, f"frame {crop.observation.frame_index} comes after {self.last_frame}"
        self._crops.append(crop)
        self.fresh += 1

    def seal(self) -> Clip:
        """Hand on the fresh crops, and forget all but the last 8."""
        rest = self.fresh % WINDOW
        start = len(self._crops) - self.fresh
        crops = self._crops[start : len(self._crops) - rest]
        keep = [True] * len(crops)
        if rest:
            window = self._crops[-WINDOW:]
            repeats = WINDOW - len(window)
            crops += window + window[-1:] * repeats
            keep += [False] * (len(window) - rest) + [True] * rest + [False] * repeats
        self._crops = self._crops[-WINDOW:]
        self.fresh = 0
        return Clip(
            inputs=stack_inputs(crops),
            observations=tuple(crop.observation for crop in crops),
            keep=np.array(keep),
        )
