"""The child's end of the line, with the test as its parent."""

import json
import os
import threading
import time
from collections.abc import Iterator
from typing import IO, Any

import pytest

from service.broker_types import Lease, MediaTask
from service.media_link import ORPHANED, QUANTUM_S, TASK, LeavingError, Link, send
from tests.load.fleet import wait_for
from tests.service.sealed import SLEEPING

TASK_OF_TEST = MediaTask(Lease("decode:1", "me", 7), "decode", SLEEPING, attempts=2)


class Parent:
    """Both ends of the pipes that lead to a child."""

    def __init__(self) -> None:
        to_child, from_child = os.pipe(), os.pipe()
        ends = [
            *zip(to_child, ("rb", "wb"), strict=True),
            *zip(from_child, ("rb", "wb"), strict=True),
        ]
        self._files: list[IO[bytes]] = [os.fdopen(fd, mode) for fd, mode in ends]
        source, self._sink, self._source, sink = self._files
        self.ended, self.status = threading.Event(), 0
        self.link = Link(source, sink, self._end)

    def _end(self, status: int) -> None:
        self.status = status
        self.ended.set()

    def tell(self, kind: str, **fields: Any) -> None:
        send(self._sink, kind, **fields)

    def give_turn(self, n: int = 0, cores: int = 1) -> None:
        self.tell("turn", n=n, cores=cores)

    def give_first_turn(self) -> None:
        """Give the turn that is not asked for, and wait until it is there."""
        self.give_turn()
        wait_for(self.link._turn.is_set, 10)

    def hear(self) -> dict[str, Any]:
        return json.loads(self._source.readline())

    def go(self) -> None:
        """End, and so the line."""
        self._sink.close()

    def close(self) -> None:
        for file in self._files:
            file.close()


@pytest.fixture
def parent() -> Iterator[Parent]:
    """A parent whose child has its task."""
    parent = Parent()
    parent.tell("task", task=TASK.dump_python(TASK_OF_TEST, mode="json"))
    assert parent.link.read_task() == TASK_OF_TEST
    yield parent
    parent.go()
    assert parent.ended.wait(10)
    parent.close()


def nothing() -> None:
    """A heart that need not beat."""


def answered(parent: Parent) -> threading.Thread:
    """Answer the child's next question with a turn."""

    def answer() -> None:
        asked = parent.hear()
        assert asked["kind"] == "ask"
        parent.give_turn(asked["n"])

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


def test_a_turn_is_asked_for_and_lasts_a_while(parent: Parent) -> None:
    thread = answered(parent)

    parent.link.take_turn(nothing)
    parent.link.take_turn(nothing)

    thread.join(10)
    assert not thread.is_alive()


def test_the_first_turn_is_not_asked_for(parent: Parent) -> None:
    parent.give_first_turn()

    parent.link.take_turn(nothing)

    assert parent.hear() == {"kind": "more"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_whoever_rests_gives_back_the_turn_wherever_it_is(parent: Parent, when: str) -> None:
    if when == "before":
        parent.give_first_turn()
    parent.link.rest("upload")
    assert parent.hear()["kind"] == "rest"
    if when == "after":  # it was on its way
        parent.give_turn(cores=2)
        wait_for(lambda: parent.link.cores == 2, 10)

    thread = answered(parent)
    parent.link.take_turn(nothing)

    thread.join(10)
    assert not thread.is_alive()


def test_more_is_asked_for_ahead_and_a_turn_where_there_is_none(parent: Parent) -> None:
    parent.give_first_turn()
    heard = work(parent, 2 * QUANTUM_S, answer={"more": "more"})
    assert set(heard) == {"more"}
    assert len(heard) >= 2

    heard = work(parent, 2 * QUANTUM_S, answer={"ask": "turn"})
    assert heard[:2] == ["more", "ask"]


def test_a_late_more_counts_for_no_other_turn(parent: Parent) -> None:
    parent.give_first_turn()
    work(parent, 0.7 * QUANTUM_S, answer={})  # it asks for more, in vain
    parent.tell("more", cores=1)
    parent.give_turn(cores=2)
    wait_for(lambda: parent.link.cores == 2, 10)

    heard = work(parent, QUANTUM_S, answer={"ask": "turn"})

    assert heard[0] == "ask"


def work(parent: Parent, seconds: float, answer: dict[str, str]) -> list[str]:
    """Take turns for so long, with a parent that answers some questions; what was asked."""
    heard: list[str] = []

    def listen() -> None:
        while (kind := (told := parent.hear())["kind"]) != "rest":
            heard.append(kind)
            if kind in answer:
                parent.tell(answer[kind], n=told.get("n"), cores=1)

    thread = threading.Thread(target=listen)
    thread.start()
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        parent.link.take_turn(nothing)
        time.sleep(0.01)
    parent.link.tell("rest")
    thread.join(10)
    assert not thread.is_alive()
    return heard


def test_it_is_told_how_many_cores_it_may_use(parent: Parent) -> None:
    assert parent.link.cores == 1

    parent.give_turn(cores=3)
    wait_for(lambda: parent.link.cores == 3, 10)

    parent.tell("more", cores=2)
    wait_for(lambda: parent.link.cores == 2, 10)


def test_who_has_time_prepares_before_the_task_comes() -> None:
    parent, prepared = Parent(), threading.Event()
    parent.tell("prepare")
    reading = threading.Thread(target=parent.link.read_task, args=[prepared.set])
    reading.start()

    assert prepared.wait(10)
    assert reading.is_alive()

    parent.go()
    reading.join(10)
    assert not reading.is_alive()
    parent.close()


def test_who_waits_for_a_turn_goes_on_beating(parent: Parent) -> None:
    beats: list[int] = []

    def beat() -> None:
        if not beats:
            parent.give_turn(parent.hear()["n"])
        beats.append(1)

    parent.link.take_turn(beat)

    assert beats


def test_a_rest_is_told_once_with_its_reason(parent: Parent) -> None:
    for why in ("upload", "upload", "workers"):
        parent.link.rest(why)

    assert [parent.hear()["why"] for _ in range(2)] == ["upload", "workers"]


def test_after_a_rest_a_turn_is_asked_for_again(parent: Parent) -> None:
    thread = answered(parent)
    parent.link.take_turn(nothing)
    thread.join(10)
    parent.link.rest("store")
    assert parent.hear()["kind"] == "more"
    assert parent.hear() == {"kind": "rest", "why": "store"}

    thread = answered(parent)
    parent.link.take_turn(nothing)

    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.parametrize("later", [False, True])
def test_who_shall_leave_does_so_at_the_next_step(parent: Parent, later: bool) -> None:
    parent.tell("leave", later=later)

    with pytest.raises(LeavingError) as raised:
        parent.link.take_turn(nothing)

    assert raised.value.later is later


def test_a_child_without_a_parent_ends(parent: Parent) -> None:
    parent.go()

    assert parent.ended.wait(10)
    assert parent.status == ORPHANED


def test_a_parent_that_never_gives_a_task_gets_none() -> None:
    parent = Parent()
    parent.go()

    assert parent.link.read_task() is None
    parent.close()
