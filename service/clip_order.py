"""The order in which a job's clips are handed on. Knows no queue, store or network.

Workers commit clips in any order. Who wants those of a person in the order of time has a clip wait
until the ones before it were committed; at the job's end nothing waits any more.
"""

from collections.abc import Iterator

from service.messages import Event


class ClipOrder:
    """Clips of many people, each person's in order.

    What it gives back for an event depends on the events before alone, so that who comes back and
    has them replayed is told the same.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}
        self._early: dict[str, dict[int, Event]] = {}

    def take(self, event: Event) -> list[Event]:
        """Take an event, and return the commits that may be handed on now."""
        if event.kind == "finished":
            return [late for track in self._early for late in self._rest(track)]
        if event.kind != "clip_committed":
            return []
        track = track_of(event)
        self._early.setdefault(track, {})[_number(event)] = event
        return list(self._ready(track))

    def _ready(self, track: str) -> Iterator[Event]:
        early, number = self._early[track], self._next.get(track, 0)
        while number in early:
            yield early.pop(number)
            number += 1
        self._next[track] = number

    def _rest(self, track: str) -> list[Event]:
        early = self._early[track]
        rest = [early[number] for number in sorted(early)]
        early.clear()
        return rest


def track_of(commit: Event) -> str:
    """Return whose clip was committed: of `t<track>-f<frame>-n<rows>` the first part."""
    return str(commit.data["clip"]).split("-", maxsplit=1)[0]


def _number(commit: Event) -> int:
    return int(commit.data.get("number") or 0)
