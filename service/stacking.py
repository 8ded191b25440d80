"""The inputs of many clips as one, and what the network said of them apart again.

Rows are frames, 8 to a window. This module knows no torch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields

import numpy as np

from model.types import Array, Estimate, Evidence

Inputs = Array | Evidence
"""Crops u8[n,224,224,3], or evidence of n frames."""


def count_rows(inputs: Inputs) -> int:
    """How many frames these are."""
    return len(inputs.landmarks if isinstance(inputs, Evidence) else inputs)


def join_inputs(parts: Sequence[Inputs]) -> Inputs:
    """One input from several of a kind, in order; a single one is not copied.

    Raises:
        ValueError: They are not of one kind.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    evidence = [part for part in parts if isinstance(part, Evidence)]
    pixels = [part for part in parts if not isinstance(part, Evidence)]
    if evidence and pixels:
        raise ValueError("a batch holds pixels and evidence; expected one of them")
    if pixels:
        return np.concatenate(pixels)
    return Evidence(
        **{f.name: np.concatenate([getattr(e, f.name) for e in evidence]) for f in fields(Evidence)}
    )


def take_rows(inputs: Inputs, rows: slice) -> Inputs:
    """Some frames, as a view."""
    if not isinstance(inputs, Evidence):
        return inputs[rows]
    return Evidence(**{name: value[rows] for name, value in vars(inputs).items()})


def join_estimates(parts: Sequence[Estimate]) -> Estimate:
    """What the network said of consecutive inputs, as if it had been asked once."""
    if len(parts) == 1:
        return parts[0]
    names = [name for name, value in vars(parts[0]).items() if value is not None]
    return Estimate(**{n: np.concatenate([getattr(part, n) for part in parts]) for n in names})


def split_estimate(estimate: Estimate, counts: Sequence[int]) -> Iterator[Estimate]:
    """What was said of each of several inputs, of so many frames each, as views."""
    start = 0
    known = {name: value for name, value in vars(estimate).items() if value is not None}
    for count in counts:
        yield Estimate(**{name: value[start : start + count] for name, value in known.items()})
        start += count
