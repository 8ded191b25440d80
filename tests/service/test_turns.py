"""Turns are shared out by time, among tenants first."""

from collections import Counter

from service.turns import Turns


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def work(turns: Turns, clock: Clock, begun: list[str], rounds: int) -> Counter[str]:
    """Everybody who has a turn works for a second and asks again; returns seconds by party."""
    had: Counter[str] = Counter()
    running = list(begun)
    for _ in range(rounds):
        clock.now_s += 1
        had.update(running)
        running = [name for party in list(running) for name in turns.ask(party)]
        running = list(dict.fromkeys(running))
        assert sorted(running) == sorted(turns.working)
    return had


def entered(turns: Turns, *names: str) -> list[str]:
    """Enter jobs named `tenant/job`; return who may begin once all have asked."""
    begun = []
    for name in names:
        turns.enter(name, name.split("/")[0])
        begun += turns.ask(name)
    return begun


def test_no_more_work_at_once_than_there_are_slots() -> None:
    turns = Turns(2)

    assert entered(turns, "a/1", "a/2", "a/3") == ["a/1", "a/2"]
    assert turns.rest("a/1") == ["a/3"]


def test_jobs_of_a_tenant_get_the_same_time() -> None:
    clock = Clock()
    turns = Turns(1, clock)

    had = work(turns, clock, entered(turns, "a/1", "a/2", "a/3"), 30)

    assert had == {"a/1": 10, "a/2": 10, "a/3": 10}


def test_tenants_get_the_same_time_whatever_the_number_of_their_jobs() -> None:
    clock = Clock()
    turns = Turns(1, clock)

    had = work(turns, clock, entered(turns, "a/1", "a/2", "a/3", "b/1"), 60)

    assert had["b/1"] == 30


def test_a_new_job_starts_level_with_one_that_has_worked_for_long() -> None:
    clock = Clock()
    turns = Turns(1, clock)
    work(turns, clock, entered(turns, "a/long"), 1000)
    turns.enter("a/new", "a")
    turns.ask("a/new")

    had = work(turns, clock, turns.working, 20)

    assert abs(had["a/new"] - had["a/long"]) <= 1


def test_a_new_tenant_starts_level_too() -> None:
    clock = Clock()
    turns = Turns(1, clock)
    work(turns, clock, entered(turns, "a/long"), 1000)
    turns.enter("b/new", "b")
    turns.ask("b/new")

    had = work(turns, clock, turns.working, 20)

    assert abs(had["b/new"] - had["a/long"]) <= 1


def test_who_rests_leaves_the_slot_to_others_and_gets_it_back() -> None:
    clock = Clock()
    turns = Turns(1, clock)
    entered(turns, "a/1", "a/2")
    clock.now_s += 5

    assert turns.rest("a/1") == ["a/2"]
    assert turns.ask("a/1") == []
    clock.now_s += 9
    assert turns.ask("a/2") == ["a/1"]


def test_a_long_rest_earns_no_arrears() -> None:
    clock = Clock()
    turns = Turns(1, clock)
    entered(turns, "a/1", "a/2")
    turns.rest("a/1")
    work(turns, clock, turns.working, 1000)
    turns.ask("a/1")

    had = work(turns, clock, turns.working, 20)

    assert abs(had["a/1"] - had["a/2"]) <= 1


def test_who_leaves_makes_room() -> None:
    turns = Turns(1)
    entered(turns, "a/1", "b/1")

    assert turns.leave("a/1") == ["b/1"]
    assert turns.leave("b/1") == []
    assert turns.leave("b/1") == []


def test_who_left_may_still_ask_in_vain() -> None:
    turns = Turns(1)
    entered(turns, "a/1")
    turns.leave("a/1")

    assert turns.ask("a/1") == []
    assert turns.working == []


def test_two_tenants_share_two_slots_at_any_time() -> None:
    clock = Clock()
    turns = Turns(2, clock)
    begun = entered(turns, "a/1", "a/2")
    clock.now_s += 1
    begun += entered(turns, "b/1")

    turns.ask("a/2")

    assert sorted(turns.working) == ["a/1", "b/1"]


def test_a_turn_is_extended_while_nobody_waits() -> None:
    clock = Clock()
    turns = Turns(1, clock)
    entered(turns, "a/1")
    clock.now_s += 1
    assert turns.extend("a/1")

    entered(turns, "b/1")
    clock.now_s += 1
    assert not turns.extend("a/1")
    assert turns.working == ["a/1"]
    assert turns.ask("a/1") == ["b/1"]
    assert not turns.extend("a/1")
