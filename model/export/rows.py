"""Rows as the formats need them: a few at a time, by person or by frame."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from model.reconstruction import Mesh, Reconstruction
from model.types import Sequence

CHUNK_ROWS = 32  # about 3 MB of vertices
Progress = Callable[[int, int], None]
"""Told (rows or frames written, all of them) now and then; all is 0 where it is not known."""


def ignore(done: int, total: int) -> None:
    """A `Progress` for those who do not look."""


class Chunk(NamedTuple):
    """Some consecutive rows of one person, as handed out.

    Attributes:
        sequence: The person, all of their rows, raw.
        rows: Which of them.
        shown: These rows as handed out: smoothed, if that was asked for.
        mesh: Their meshes.
    """

    sequence: Sequence
    rows: slice
    shown: Sequence
    mesh: Mesh


def read_chunk(reconstruction: Reconstruction, sequence: Sequence, rows: slice) -> Chunk:
    """Compute what a person looks like in some rows."""
    shown = reconstruction.shown(sequence, rows)
    return Chunk(sequence, rows, shown, reconstruction.mesh_of(shown))


def slices(count: int, step: int = CHUNK_ROWS) -> Iterator[slice]:
    """Cut `count` rows into slices of at most `step`."""
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def iterate_chunks(reconstruction: Reconstruction, progress: Progress = ignore) -> Iterator[Chunk]:
    """Pass through everybody, person by person, in the order of the NPZ's rows."""
    done = 0
    for sequence in reconstruction.sequences:
        for rows in slices(len(sequence)):
            yield read_chunk(reconstruction, sequence, rows)
            done += rows.stop - rows.start
            progress(done, reconstruction.rows)


class PeopleByFrame:
    """Who is to be seen in a frame, asked for frames in rising order.

    Holds a chunk of each person in view and nothing of the others, whatever their number.
    """

    def __init__(self, reconstruction: Reconstruction) -> None:
        self._reconstruction = reconstruction
        self._coming = sorted(
            (sequence for sequence in reconstruction.sequences if len(sequence)),
            key=lambda sequence: int(sequence.frame_index[0]),
            reverse=True,
        )
        self._current: list[Chunk] = []

    def at(self, frame_index: int) -> list[tuple[Chunk, int]]:
        """Return chunks and the row in each (counted in the chunk) that shows this frame."""
        while self._coming and self._coming[-1].frame_index[0] <= frame_index:
            sequence = self._coming.pop()
            self._current.append(self._read(sequence, 0))
        advanced = (self._advance(chunk, frame_index) for chunk in self._current)
        self._current = [chunk for chunk in advanced if chunk is not None]
        found = []
        for chunk in self._current:
            row = int(chunk.shown.frame_index.searchsorted(frame_index))
            if row < len(chunk.shown) and chunk.shown.frame_index[row] == frame_index:
                found.append((chunk, row))
        return found

    def _advance(self, chunk: Chunk, frame_index: int) -> Chunk | None:
        """Return the chunk that may show the frame; None once the person is gone for good."""
        if chunk.shown.frame_index[-1] >= frame_index:
            return chunk
        row = int(chunk.sequence.frame_index.searchsorted(frame_index))
        return self._read(chunk.sequence, row) if row < len(chunk.sequence) else None

    def _read(self, sequence: Sequence, start: int) -> Chunk:
        rows = slice(start, min(start + CHUNK_ROWS, len(sequence)))
        return read_chunk(self._reconstruction, sequence, rows)
