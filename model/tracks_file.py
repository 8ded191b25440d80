"""The user's own boxes, instead of detector and tracker: a JSON file, see docs/tracks.md."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float64, Int64
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from model.errors import InputError
from model.region import Region
from model.types import Array, Frame, Observation

MAX_BYTES = 64 << 20  # boxes of ten people in every frame of half an hour
MIN_SIDE_PX = 4.0
MAX_SIDE = 4.0  # of the picture's longer side


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Box(_Part):
    frame: Annotated[int, Field(ge=0, lt=2**31)]
    box: Annotated[list[FiniteFloat], Field(min_length=4, max_length=4)]


class _Track(_Part):
    id: Annotated[int, Field(ge=0, lt=2**31)]
    boxes: Annotated[list[_Box], Field(min_length=1)]


class _File(_Part):
    version: Literal[1]
    interpolate: bool = False
    tracks: Annotated[list[_Track], Field(min_length=1)]


@dataclass(frozen=True)
class UserTrack:
    """One person's boxes, sorted by frame."""

    track_id: int
    frames: Int64[Array, "n"]
    boxes_px: Float64[Array, "n 4"]

    def box_at(self, frame: int, interpolate: bool) -> Float64[Array, "4"] | None:
        """The box in a frame; between two keyframes only where asked to `interpolate`."""
        after = int(np.searchsorted(self.frames, frame))
        if after == len(self.frames):
            return None
        if self.frames[after] == frame:
            box: Array = self.boxes_px[after]
            return box
        if after == 0 or not interpolate:
            return None
        before = after - 1
        share = (frame - self.frames[before]) / (self.frames[after] - self.frames[before])
        between: Array = (1 - share) * self.boxes_px[before] + share * self.boxes_px[after]
        return between


@dataclass(frozen=True)
class TracksFile:
    """Boxes of people, as a user gave them.

    Attributes:
        name: Of the file, for messages.
        tracks: The people.
        interpolate: Whether the boxes are keyframes.
    """

    name: str
    tracks: tuple[UserTrack, ...]
    interpolate: bool

    def follow(self, frames: Iterable[Frame]) -> Iterator[tuple[Frame, list[Observation]]]:
        """What `track_people` gives, from these boxes: squares a tenth wider than the longer side.

        Raises:
            InputError: `bad_tracks` where a box does not fit the picture.
        """
        checked = False
        for frame in frames:
            if not checked:
                self._check_fit(frame.rgb.shape[1], frame.rgb.shape[0])
                checked = True
            yield frame, [seen for track in self.tracks for seen in self._observe(track, frame)]

    def _observe(self, track: UserTrack, frame: Frame) -> Iterator[Observation]:
        box_px = track.box_at(frame.index, self.interpolate)
        if box_px is not None:
            crop_px = Region.of_box(*box_px.tolist()).crop_px
            yield Observation(track.track_id, frame.index, frame.pts_s, crop_px, 1.0)

    def _check_fit(self, width: int, height: int) -> None:
        longest = MAX_SIDE * max(width, height)
        for i, track in enumerate(self.tracks):
            low, high = track.boxes_px[:, :2], track.boxes_px[:, 2:]
            outside = ((high <= 0) | (low >= (width, height))).any(axis=1)
            huge = (high - low > longest).any(axis=1)
            for wrong, expected in (
                (outside, f"a box that reaches into the {width} x {height} picture"),
                (huge, f"sides of at most {longest:g} pixels for a {width} x {height} picture"),
            ):
                if wrong.any():
                    k = int(np.argmax(wrong))
                    raise _bad(
                        self.name,
                        f"tracks[{i}].boxes[{k}].box",
                        track.boxes_px[k].tolist(),
                        expected,
                    )


def load_tracks(path: Path) -> TracksFile:
    """Read and check a tracks file.

    Raises:
        InputError: `bad_tracks`, with the place in the file, the value and what was expected.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _bad(path.name, "the file", f"{size} bytes", f"at most {MAX_BYTES} bytes")
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            "bad_tracks", f"{path}: {error.strerror}; expected a readable JSON file of boxes"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _bad(path.name, _place(first["loc"]), first["input"], first["msg"]) from error
    tracks = tuple(_check_track(path.name, i, track) for i, track in enumerate(file.tracks))
    known: set[int] = set()
    for i, track in enumerate(tracks):
        if track.track_id in known:
            raise _bad(path.name, f"tracks[{i}].id", track.track_id, "another id for every person")
        known.add(track.track_id)
    return TracksFile(path.name, tracks, file.interpolate)


def _check_track(name: str, i: int, track: _Track) -> UserTrack:
    frames = np.array([box.frame for box in track.boxes], np.int64)
    boxes_px = np.array([box.box for box in track.boxes], np.float64)
    unsorted = np.flatnonzero(np.diff(frames) <= 0)
    if len(unsorted):
        k = int(unsorted[0]) + 1
        expected = f"frames in ascending order, each once: more than {frames[k - 1]}"
        raise _bad(name, f"tracks[{i}].boxes[{k}].frame", int(frames[k]), expected)
    small = np.flatnonzero((boxes_px[:, 2:] - boxes_px[:, :2] < MIN_SIDE_PX).any(axis=1))
    if len(small):
        k = int(small[0])
        expected = f"[x0, y0, x1, y1] in pixels with x1 - x0 and y1 - y0 at least {MIN_SIDE_PX:g}"
        raise _bad(name, f"tracks[{i}].boxes[{k}].box", boxes_px[k].tolist(), expected)
    return UserTrack(track.id, frames, boxes_px)


def _place(location: tuple[int | str, ...]) -> str:
    """`tracks[0].boxes[3].frame`, from its parts."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "the file"


def _bad(name: str, place: str, value: object, expected: str) -> InputError:
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return InputError(
        "bad_tracks", f"{name}: {place} is {shown}; expected: {expected}; see docs/tracks.md"
    )
