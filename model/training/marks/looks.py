"""What the pipeline sees of marked people: the window of 8 frames that a network is given.

Decoding, finding, following, cropping and windows are those of `model.pipeline`, over the whole
video, so a marked frame lies in the very window it lies in when the video is reconstructed.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from model.clips import AnyCrop, Clip, seal_clips
from model.crops import crop_person
from model.errors import InputError
from model.evidence import EvidenceCutter
from model.stages import Watch, ignore
from model.track import track_people
from model.training.marks.marks import Mark, MarkedVideo
from model.types import WINDOW, Array, Evidence, Frame, Observation
from model.video import open_video

Input = Literal["pixels", "evidence"]

MIN_OVERLAP = 0.3
"""Of a followed person's box with the marked one, intersection over union, to be the same."""


@dataclass(frozen=True, eq=False)
class Look:
    """A marked person as a network sees them.

    Attributes:
        inputs: Of the window in which their frame is handed on.
        row: That frame in the window.
        crop_px: Its square (x0, y0, x1, y1).
        landmarks: BlazePose's, in image pixels; columns as `Observation.landmarks`.
    """

    inputs: UInt8[Array, "8 224 224 3"] | Evidence
    row: int
    crop_px: Float32[Array, "4"]
    landmarks: Float32[Array, "33 columns"]


def look_at(
    path: Path, video: MarkedVideo, kind: Input, watch: Watch = ignore
) -> list[Look | None]:
    """Find the marked people in a video.

    Args:
        path: Where the video lies.
        video: Its marks.
        kind: What the network wants to see.
        watch: Told of every frame, as the stage of the video's name.

    Returns:
        For every mark what was seen, or None where nobody was followed there.

    Raises:
        InputError: `bad_marks` where a marked frame is not in the video; else as `open_video`.
    """
    wanted = {mark.frame_index for mark in video.marks}
    cut = crop_person if kind == "pixels" else EvidenceCutter()
    with open_video(path) as decoder:
        frames = _count(decoder, video.file, decoder.info.frame_count, watch)
        people = track_people(_remember(frames, wanted))
        crops: Iterator[AnyCrop] = (
            cut(frame.rgb, person) for frame, everybody in people for person in everybody
        )
        seen = [found for clip in seal_clips(crops) for found in _rows_of(clip, video.marks)]
    if wanted:
        raise InputError(
            "bad_marks",
            f"{video.file} has no frame {min(wanted)}, which is marked; mend the marks",
        )
    return choose(video.marks, seen)


def choose(marks: Sequence[Mark], seen: Iterable[tuple[Observation, Look]]) -> list[Look | None]:
    """Give each mark the person of its frame whose landmarks' box overlaps its box best.

    What overlaps most is given first, and nobody is given twice. The choice does not look at what
    a network says, so all networks are asked about the same people.
    """
    people = list(seen)
    pairs = [
        (overlap(mark.box_px, _box(look.landmarks)), i, k)
        for k, (person, look) in enumerate(people)
        for i, mark in enumerate(marks)
        if mark.frame_index == person.frame_index
    ]
    chosen: dict[int, int] = {}
    for share, i, k in sorted(pairs, key=lambda pair: -pair[0]):
        if share >= MIN_OVERLAP and i not in chosen and k not in chosen.values():
            chosen[i] = k
    return [people[chosen[i]][1] if i in chosen else None for i in range(len(marks))]


def overlap(a_px: Float[Array, "4"], b_px: Float[Array, "4"]) -> float:
    """Return the intersection of two boxes over their union."""
    sides = np.minimum(a_px[2:], b_px[2:]) - np.maximum(a_px[:2], b_px[:2])
    both = float(np.maximum(sides, 0).prod())
    areas = [float((box[2:] - box[:2]).prod()) for box in (a_px, b_px)]
    return both / max(sum(areas) - both, 1e-9)


def _count(
    frames: Iterable[Frame], stage: str, expected: int | None, watch: Watch
) -> Iterator[Frame]:
    for done, frame in enumerate(frames, start=1):
        watch(stage, done, expected)
        yield frame


def _remember(frames: Iterable[Frame], wanted: set[int]) -> Iterator[Frame]:
    """Pass the frames on, and strike those that came off the list."""
    for frame in frames:
        wanted.discard(frame.index)
        yield frame


def _rows_of(clip: Clip, marks: Sequence[Mark]) -> Iterator[tuple[Observation, Look]]:
    """What a clip hands on of marked frames."""
    marked = {mark.frame_index for mark in marks}
    for k in np.flatnonzero(clip.keep).tolist():
        person = clip.observations[k]
        if person.frame_index in marked and person.landmarks is not None:
            window = slice(k - k % WINDOW, k - k % WINDOW + WINDOW)
            inputs = _cut_window(clip.inputs, window)
            yield person, Look(inputs, k % WINDOW, person.crop_px, person.landmarks)


def _cut_window(
    inputs: UInt8[Array, "n 224 224 3"] | Evidence, window: slice
) -> UInt8[Array, "8 224 224 3"] | Evidence:
    if isinstance(inputs, Evidence):
        return Evidence(inputs.landmarks[window], inputs.mask[window])
    return inputs[window].copy()


def _box(landmarks: Float32[Array, "33 columns"]) -> Float64[Array, "4"]:
    """Around all landmarks."""
    xy = landmarks[:, :2].astype(np.float64)
    return np.concatenate([xy.min(axis=0), xy.max(axis=0)])
