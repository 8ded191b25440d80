"""What was marked by hand in real videos: a JSON file, see docs/marks.md. Knows no model."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float64
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from model.errors import InputError
from model.types import JOINT_NAMES, Array

MARKED_JOINTS = JOINT_NAMES[:12]
"""Limbs, in the order of J14; neck and top of the head have no joint that could be seen."""

MAX_BYTES = 16 << 20
REACH = 0.25  # of the height, beyond the box: farther out a joint is a slip of the pen

_Point = tuple[FiniteFloat, FiniteFloat, Literal["visible", "occluded"]]
_Positive = Annotated[FiniteFloat, Field(gt=0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Mark(_Part):
    frame: Annotated[int, Field(ge=0, lt=2**31)]
    box_px: tuple[FiniteFloat, FiniteFloat, FiniteFloat, FiniteFloat]
    height_px: _Positive
    facing_deg: Annotated[FiniteFloat, Field(ge=0, lt=360)]
    joints_px: dict[str, _Point | None]


class _Video(_Part):
    file: Annotated[str, Field(pattern=r"^[^/\\\x00]+$", max_length=255)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    marks: Annotated[list[_Mark], Field(min_length=1)]


class _File(_Part):
    version: Literal[1]
    videos: Annotated[list[_Video], Field(min_length=1)]


@dataclass(frozen=True, eq=False)
class Mark:
    """One person in one frame, in pixels of the shown image.

    Attributes:
        frame_index: As in `Frame.index`.
        box_px: Around all that is seen of the person (x0, y0, x1, y1).
        height_px: Of that person, were they to stand upright where they are.
        facing_deg: Where the chest points, about the vertical: 0 toward the camera, 90 to the
            right of the picture, 180 away, 270 to the left.
        joints_px: In the order of `MARKED_JOINTS`; NaN where nobody can tell.
        visible: False where a joint was guessed behind something.
    """

    frame_index: int
    box_px: Float64[Array, "4"]
    height_px: float
    facing_deg: float
    joints_px: Float64[Array, "12 2"]
    visible: Bool[Array, "12"]


@dataclass(frozen=True, eq=False)
class MarkedVideo:
    """The marks of one video.

    Attributes:
        file: Its name, without a folder.
        sha256: Of its bytes.
        marks: In the order of the file.
    """

    file: str
    sha256: str
    marks: tuple[Mark, ...]


def load_marks(path: Path) -> tuple[MarkedVideo, ...]:
    """Read and check a file of marks.

    Raises:
        InputError: `bad_marks`, with the place in the file, the value and what was expected.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise _bad(path.name, "the file", f"{size} bytes", f"at most {MAX_BYTES} bytes")
        file = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            "bad_marks", f"{path}: {error.strerror}; expected a readable JSON file of marks"
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _bad(path.name, _place(first["loc"]), first["input"], first["msg"]) from error
    videos = tuple(_check_video(path.name, i, video) for i, video in enumerate(file.videos))
    names = [video.file for video in videos]
    for i, name in enumerate(names):
        if name in names[:i]:
            raise _bad(path.name, f"videos[{i}].file", name, "every video once")
    return videos


def find_video(video: MarkedVideo, folder: Path) -> Path:
    """Return where a marked video lies, once its bytes are those that were marked.

    Raises:
        InputError: `missing_video`, or `wrong_video`.
    """
    path = folder / video.file
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(
            "missing_video",
            f"{path} cannot be read ({error.strerror}); put the marked videos into one folder, and "
            "name it with --videos",
        ) from error
    if found != video.sha256:
        raise InputError(
            "wrong_video",
            f"{path} has the SHA-256 {found}, but the marks are of {video.sha256}; another cut or "
            "encoding has other frames, so fetch the video that was marked",
        )
    return path


def _check_video(name: str, i: int, video: _Video) -> MarkedVideo:
    places = [f"videos[{i}].marks[{k}]" for k in range(len(video.marks))]
    marks = [_check_mark(name, *one) for one in zip(places, video.marks, strict=True)]
    return MarkedVideo(video.file, video.sha256, tuple(marks))


def _check_mark(name: str, place: str, mark: _Mark) -> Mark:
    x0, y0, x1, y1 = mark.box_px
    if not (x0 < x1 and y0 < y1):
        expected = "[x0, y0, x1, y1] in pixels with x0 < x1 and y0 < y1"
        raise _bad(name, f"{place}.box_px", list(mark.box_px), expected)
    if wrong := set(MARKED_JOINTS) ^ set(mark.joints_px):
        expected = "the twelve joints and no other, null where nobody can tell"
        raise _bad(name, f"{place}.joints_px", f"missing or unknown: {min(wrong)}", expected)
    points = [mark.joints_px[joint] for joint in MARKED_JOINTS]
    joints_px = np.array([(np.nan, np.nan) if p is None else p[:2] for p in points])
    box_px, reach = np.array(mark.box_px), REACH * mark.height_px
    outside = (joints_px < box_px[:2] - reach) | (joints_px > box_px[2:] + reach)
    if outside.any():
        k = int(np.argmax(outside.any(axis=1)))
        expected = f"a point in the box or at most {reach:.0f} pixels from it"
        raise _bad(name, f"{place}.joints_px.{MARKED_JOINTS[k]}", joints_px[k].tolist(), expected)
    visible = np.array([p is not None and p[2] == "visible" for p in points])
    return Mark(mark.frame, box_px, mark.height_px, mark.facing_deg, joints_px, visible)


def _place(location: tuple[int | str, ...]) -> str:
    """`videos[0].marks[3].frame`, from its parts."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "the file"


def _bad(name: str, place: str, value: object, expected: str) -> InputError:
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return InputError(
        "bad_marks", f"{name}: {place} is {shown}; expected: {expected}; see docs/marks.md"
    )
