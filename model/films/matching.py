"""Which of the people that were found is the one a film is about. Knows squares alone."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Float, Int

from model.films.film import Truth
from model.types import Array, Sequence

MIN_OVERLAP = 0.2
"""Least mean overlap of a track's squares with the true ones, to be this person's."""


def overlap(a_px: Float[Array, "n 4"], b_px: Float[Array, "n 4"]) -> Float[Array, "n"]:
    """Return intersection over union of boxes x0, y0, x1, y1."""
    low, high = np.maximum(a_px[:, :2], b_px[:, :2]), np.minimum(a_px[:, 2:], b_px[:, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    areas = [(box[:, 2:] - box[:, :2]).prod(axis=1) for box in (a_px, b_px)]
    return np.asarray(shared / (areas[0] + areas[1] - shared))


def rows_of_person(
    sequences: Iterable[Sequence], truth: Truth
) -> list[tuple[Sequence, Int[Array, "rows"]]]:
    """Return the tracks of the person, and which of their rows count; each frame counts once.

    A track is the person's where its squares overlap theirs enough, and nobody else's more, in
    the mean: if a track leaves one person for another, the rows that are wrong stay and count.
    Where two tracks show the person in one frame, the one that overlaps more does.
    """
    claims = [(s, _overlaps(s, truth.square_px)) for s in sequences]
    claims = [
        (sequence, share)
        for sequence, share in claims
        if share.mean() >= MIN_OVERLAP
        and all(_overlaps(sequence, o).mean() <= share.mean() for o in truth.others_px)
    ]
    best = np.zeros(len(truth))
    for sequence, share in claims:
        np.maximum.at(best, sequence.frame_index, share)
    taken, chosen = np.zeros(len(truth), bool), []
    for sequence, share in claims:
        frames = sequence.frame_index
        rows = np.flatnonzero((share == best[frames]) & ~taken[frames])
        taken[frames[rows]] = True
        chosen.append((sequence, rows))
    return chosen


def _overlaps(sequence: Sequence, squares_px: Float[Array, "frames 4"]) -> Float[Array, "rows"]:
    return overlap(sequence.crop_px.astype(float), squares_px[sequence.frame_index].astype(float))
