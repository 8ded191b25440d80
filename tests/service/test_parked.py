"""A thread that has started runs what it is given, once."""

import threading

import pytest

from service.parked import ParkedThread


def test_it_runs_what_it_is_given_in_its_own_thread() -> None:
    thread, ran, names = ParkedThread("parked"), threading.Event(), []

    thread.give(lambda: (names.append(threading.current_thread().name), ran.set())[0])

    assert ran.wait(10)
    assert names == ["parked"]
    with pytest.raises(AssertionError):
        thread.give(lambda: None)
