"""Devices for tests: what they answer tells which frame it was, and they fail as told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event

import numpy as np

from model.types import WINDOW, Estimate, Evidence
from service.runner import blank_inputs
from service.sleeping import SLEEPING_KEY, FaultSettings, SleepingRunner
from service.stacking import Inputs, count_rows


def marked_inputs(windows: int, mark: int) -> Inputs:
    """Evidence of so many windows, of whose frames `fingerprint` is the mark."""
    inputs = blank_inputs("evidence", windows)
    inputs.mask[:, 0, :3] = mark  # type: ignore[union-attr]
    return inputs


@dataclass
class ToyRunner:
    """Remembers the size of each batch in windows; `before` may raise, or take its time."""

    before: Callable[[Inputs], None] = lambda _: None
    batches: list[int] = field(default_factory=list)
    key: str = "toy@000000000000"

    def predict(self, inputs: Inputs) -> Estimate:
        self.batches.append(count_rows(inputs) // WINDOW)
        self.before(inputs)
        return SleepingRunner(FaultSettings()).predict(inputs)

    def blank(self, windows: int) -> Inputs:
        return blank_inputs("evidence", windows)

    def memory_bytes(self) -> Mapping[str, int]:
        return {}


def toy(before: Callable[[Inputs], None] = lambda _: None) -> ToyRunner:
    """One that answers for the sleeping model."""
    return ToyRunner(before, key=SLEEPING_KEY)


def is_clip(inputs: Inputs) -> bool:
    """Whether these are clips of `make_clip`'s, and not what devices are warmed up with."""
    assert isinstance(inputs, Evidence)
    return bool(inputs.mask[:, 0, 2].any())


class Gate:
    """A device that works only while it is open, and says when it is asked."""

    def __init__(self) -> None:
        self.asked, self.open = Event(), Event()

    def __call__(self, inputs: Inputs) -> None:
        if is_clip(inputs):
            self.asked.set()
            assert self.open.wait(60)


def mark_of(estimate: Estimate | Exception) -> int:
    """Which inputs an answer belongs to."""
    assert isinstance(estimate, Estimate), estimate
    (mark,) = np.unique(estimate.camera)
    return int(mark)
