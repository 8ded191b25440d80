"""Who of several may work now: so many at once, shared out evenly among tenants, then their jobs.

Whoever works asks again every now and then; who has had least of the time so far goes on. A job
that is new among others, or comes back from a rest, starts level with them, so it neither waits
for what they had before it came nor makes them wait for what it has not had. Knows no process,
queue or video; the clock is a parameter.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass
class _Share:
    used_s: float = 0.0


@dataclass
class _Party(_Share):
    tenant: str = ""
    asked: bool = False
    since_s: float | None = None  # when its turn began

    @property
    def busy(self) -> bool:
        return self.asked or self.since_s is not None


class Turns:
    """Gives turns to parties by name.

    Args:
        slots: How many may work at once.
        clock: Seconds, rising.
    """

    def __init__(self, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._slots = slots
        self._clock = clock
        self._parties: dict[str, _Party] = {}
        self._tenants: dict[str, _Share] = {}

    def enter(self, name: str, tenant: str) -> None:
        """Take a party in; it does not ask for a turn yet."""
        self._tenants.setdefault(tenant, _Share())
        self._parties[name] = _Party(tenant=tenant)

    def leave(self, name: str) -> list[str]:
        """Forget a party, and return who may begin now; an unknown one does not matter."""
        begun = self.rest(name)
        party = self._parties.pop(name, None)
        if party and all(other.tenant != party.tenant for other in self._parties.values()):
            del self._tenants[party.tenant]
        return begun

    def ask(self, name: str) -> list[str]:
        """End a party's turn if it has one, have it wait for the next, and return who may begin."""
        if party := self._parties.get(name):
            if party.since_s is None and not party.asked:
                self._level(party)
            self._end_turn(party)
            party.asked = True
        return self._give()

    def extend(self, name: str) -> bool:
        """Begin a party's next turn at once, if it has one and nobody waits; whether it did."""
        party = self._parties.get(name)
        if party is None or party.since_s is None or any(p.asked for p in self._parties.values()):
            return False
        self._end_turn(party)
        party.since_s = self._clock()
        return True

    def rest(self, name: str) -> list[str]:
        """End a party's turn, or its wait for one, and return who may begin."""
        if party := self._parties.get(name):
            self._end_turn(party)
            party.asked = False
        return self._give()

    @property
    def working(self) -> list[str]:
        """Whose turn it is."""
        return [name for name, party in self._parties.items() if party.since_s is not None]

    def _level(self, party: _Party) -> None:
        """Let a party that has rested count as if it had had as much as who has had least."""
        busy = [other for other in self._parties.values() if other.busy]
        tenants = [self._tenants[tenant] for tenant in {other.tenant for other in busy}]
        tenant = self._tenants[party.tenant]
        tenant.used_s = max(tenant.used_s, _least(tenants))
        party.used_s = max(party.used_s, _least(p for p in busy if p.tenant == party.tenant))

    def _end_turn(self, party: _Party) -> None:
        if party.since_s is not None:
            spent_s = self._clock() - party.since_s
            party.used_s += spent_s
            self._tenants[party.tenant].used_s += spent_s
            party.since_s = None

    def _give(self) -> list[str]:
        begun = []
        for _ in range(self._slots - len(self.working)):
            asking = [(self._rank(p), name) for name, p in self._parties.items() if p.asked]
            if not asking:
                break
            name = min(asking)[1]
            party = self._parties[name]
            party.asked, party.since_s = False, self._clock()
            begun.append(name)
        return begun

    def _rank(self, party: _Party) -> tuple[bool, float, float]:
        """A tenant of whom nobody works goes before one of whom somebody does."""
        served = any(
            other.tenant == party.tenant and other.since_s is not None
            for other in self._parties.values()
        )
        return served, self._tenants[party.tenant].used_s, party.used_s


def _least(shares: Iterable[_Share]) -> float:
    return min((share.used_s for share in shares), default=0.0)
