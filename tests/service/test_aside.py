"""Things done aside are all done, what failed is told, and what may pass is insisted on."""

import threading
import time
from collections.abc import Callable

import pytest

from service.aside import Aside


def fails(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_all_is_done_in_order_once_it_is_settled() -> None:
    done: list[int] = []

    with Aside(lambda act: act(), ()) as aside:
        for number in range(20):
            aside.do(lambda number=number: done.append(number))  # type: ignore[misc]
        aside.settle()

    assert done == list(range(20))


def test_what_may_pass_is_insisted_on() -> None:
    insisted: list[object] = []

    with Aside(insisted.append, (OSError,)) as aside:
        aside.do(act := fails(OSError()))
        aside.settle()
        aside.settle()

    assert insisted == [act]


def test_any_other_failure_is_told_where_it_is_settled() -> None:
    with Aside(lambda act: act(), (OSError,)) as aside:
        aside.do(fails(ValueError("so it is")))

        with pytest.raises(ValueError, match="so it is"):
            aside.settle()


def test_an_earlier_failure_is_told_at_the_next_thing() -> None:
    failed = threading.Event()

    def fail() -> None:
        failed.set()
        raise ValueError("so it is")

    with Aside(lambda act: act(), ()) as aside:
        aside.do(fail)
        failed.wait(10)
        time.sleep(0.05)  # until the thread has noted it

        with pytest.raises(ValueError, match="so it is"):
            aside.do(lambda: None)
