"""Which of the waiting clips the network is given together.

The network asks when it is idle and is given what there is, so that clips wait only while it is
busy. The one that can wait least goes first; others join it as far as their windows fit, the
smaller one where the larger does not. A clip whose patience is over, as it has waited for long or
its deadline is near, is overtaken by nobody.

This module knows no Redis, torch or video; its clock is a parameter, in seconds.
"""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


def patience_end_s(
    now_s: float, max_wait_s: float, deadline_s: float | None, need_s: float
) -> float:
    """Until when a clip that comes now may be overtaken.

    Args:
        now_s: The time.
        max_wait_s: How long at most.
        deadline_s: When its answer is of no use any more.
        need_s: How long an answer takes.
    """
    latest_s = now_s + max_wait_s
    return latest_s if deadline_s is None else min(latest_s, deadline_s - need_s)


@dataclass(frozen=True, eq=False)
class Waiting(Generic[T]):
    """A clip that waits.

    Attributes:
        item: The clip, as the caller knows it.
        windows: Its size.
        until_s: Up to when it may be overtaken.
        alone: Whether it is to be a batch by itself, as it may have killed a worker.
    """

    item: T
    windows: int
    until_s: float
    alone: bool = False


class Batcher(Generic[T]):
    """Clips of one model that wait for the network.

    Attributes:
        max_windows: The most that a batch holds; a larger clip is a batch by itself.
    """

    def __init__(self, max_windows: int) -> None:
        self.max_windows = max_windows
        self._waiting: list[Waiting[T]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def windows(self) -> int:
        """Of all that wait."""
        return sum(clip.windows for clip in self._waiting)

    def add(self, clip: Waiting[T]) -> None:
        """Let a clip wait."""
        self._waiting.append(clip)

    def next_batch(self, now_s: float) -> list[T]:
        """Return the clips that go now; none where none wait."""
        batch = self._choose(now_s)
        chosen = {id(clip) for clip in batch}
        self._waiting = [clip for clip in self._waiting if id(clip) not in chosen]
        return [clip.item for clip in batch]

    def clear(self) -> list[T]:
        """Let nobody wait any longer, and return who did."""
        left, self._waiting = self._waiting, []
        return [clip.item for clip in left]

    def _choose(self, now_s: float) -> list[Waiting[T]]:
        batch: list[Waiting[T]] = []
        room = self.max_windows
        for clip in sorted(self._waiting, key=lambda clip: clip.until_s):  # ties go by arrival
            if not batch and clip.alone:
                return [clip]
            if not batch or (clip.windows <= room and not clip.alone):
                batch.append(clip)
                room -= clip.windows
            elif clip.until_s <= now_s:
                break
        return batch
