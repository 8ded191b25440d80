"""Which frames make up a window: tracks of one person each, cut into 8 frames."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from model.errors import InputError
from model.types import WINDOW

Protocol = Literal["all", "published"]

_KEY = re.compile(r"(?P<sequence>.*)_(?P<frame>[0-9]+)(\.[A-Za-z]+)?")


@dataclass(frozen=True)
class Track:
    """One person in one sequence.

    Attributes:
        name: Of the sequence; of the person in it, where there are several.
        rows: Rows of the set, in time order.
    """

    name: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """8 rows of one track.

    Attributes:
        track: Which one.
        rows: Rows of the set, in time order.
        keep: Which of them count; every row of a track counts once in all windows together.
    """

    track: int
    rows: tuple[int, ...]
    keep: tuple[bool, ...]


def group_tracks(keys: Sequence[str], persons: Mapping[str, int]) -> list[Track]:
    """Split the rows of a set into tracks.

    The key up to its last underscore is the sequence, the number behind it the frame. Where
    several persons share a sequence, their rows take turns within each frame, so the n-th person
    has every n-th row.

    Args:
        keys: Of the rows, such as `downtown_bus_00/image_00000.jpg`.
        persons: Persons per sequence; its name is the part of the key before the last underscore,
            or the folder alone. 1 where absent.

    Raises:
        InputError: `bad_key`, or `unknown_persons` where frames of a sequence repeat although it
            is said to show one person.
    """
    sequences: dict[str, list[tuple[int, int]]] = {}
    for row, key in enumerate(keys):
        match = _KEY.fullmatch(key)
        if match is None:
            raise InputError(
                "bad_key", f"row {row + 1} has the key {key!r}; expected <sequence>_<frame>.jpg"
            )
        sequences.setdefault(match["sequence"], []).append((int(match["frame"]), row))
    tracks = []
    for name, frames in sequences.items():
        count = persons.get(name, persons.get(name.rpartition("/")[0], 1))
        ordered = sorted(frames, key=lambda frame_row: frame_row[0])  # stable: rows keep turns
        tracks += _split_persons(name, ordered, count)
    return tracks


def one_track_a_clip(clips: int) -> list[Track]:
    """Return tracks of one window each, for sets that are made of windows."""
    starts = range(0, WINDOW * clips, WINDOW)
    return [Track(f"clip {row // WINDOW}", tuple(range(row, row + WINDOW))) for row in starts]


def cut_windows(tracks: Sequence[Track], protocol: Protocol = "all") -> list[Window]:
    """Cut tracks into windows of 8, one after the other.

    Args:
        tracks: Of a set.
        protocol: What becomes of the rows left over at the end. `all`: they are seen in the last
            8 rows of the track, of which only they count; a track of fewer than 8 repeats its
            last row. `published`: they are dropped, and a track of fewer than 8 rows comes twice,
            as in the published code.
    """
    cut = _cut_all if protocol == "all" else _cut_published
    return [window for i, track in enumerate(tracks) for window in cut(i, track.rows)]


def _split_persons(name: str, frames: list[tuple[int, int]], count: int) -> list[Track]:
    rows = [row for _, row in frames]
    if count > 1:
        return [Track(f"{name} person {p + 1}", tuple(rows[p::count])) for p in range(count)]
    frame, times = Counter(frame for frame, _ in frames).most_common(1)[0]
    if times > 1:
        raise InputError(
            "unknown_persons",
            f"sequence {name!r} has frame {frame} {times} times; expected one person, "
            f"set persons: {{{name!r}: {times}}}",
        )
    return [Track(name, tuple(rows))]


def _cut_all(track: int, rows: tuple[int, ...]) -> list[Window]:
    whole = len(rows) - len(rows) % WINDOW
    windows = [
        Window(track, rows[start : start + WINDOW], (True,) * WINDOW)
        for start in range(0, whole, WINDOW)
    ]
    rest = len(rows) - whole
    if rest:
        seen = rows[-WINDOW:]
        repeats = WINDOW - len(seen)
        keep = (False,) * (len(seen) - rest) + (True,) * rest + (False,) * repeats
        windows.append(Window(track, seen + seen[-1:] * repeats, keep))
    return windows


def _cut_published(track: int, rows: tuple[int, ...]) -> list[Window]:
    if len(rows) < WINDOW:
        short = rows + rows[-1:] * (WINDOW - len(rows))
        keep = (True,) * len(rows) + (False,) * (WINDOW - len(rows))
        return [Window(track, short, keep)] * 2
    return _cut_all(track, rows[: len(rows) - len(rows) % WINDOW])
