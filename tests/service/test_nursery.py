"""Children are born with pipes of their own, and a nursery that dies is replaced."""

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from service.nursery import Nursery
from tests.load.fleet import wait_for

READY = b'"ready"'


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    nursery = Nursery({"REMOCAP_LOG_LEVEL": "error"})
    wait_for(lambda: nursery.is_ready(0.5), 60)
    yield nursery
    nursery.close()


def test_a_child_goes_when_its_line_ends(nursery: Nursery, tmp_path: Path) -> None:
    born = nursery.bear(tmp_path)
    assert psutil.pid_exists(born.pid)

    born.stdin.close()

    assert READY in born.stdout.read()
    born.stdout.close()
    wait_for(lambda: not psutil.pid_exists(born.pid), 10)


def test_children_have_nothing_in_common(nursery: Nursery, tmp_path: Path) -> None:
    first, second = nursery.bear(tmp_path), nursery.bear(tmp_path)

    first.stdin.close()

    assert READY in first.stdout.read()
    assert psutil.pid_exists(second.pid)
    for file in (first.stdout, second.stdin, second.stdout):
        file.close()


def test_a_nursery_that_has_died_is_replaced(nursery: Nursery, tmp_path: Path) -> None:
    os.kill(nursery.pid, 9)

    with pytest.raises(OSError, match=r"gone|reset|Broken"):
        nursery.bear(tmp_path)
    wait_for(lambda: nursery.is_ready(0.5), 60)

    born = nursery.bear(tmp_path)
    born.stdin.close()
    born.stdout.close()


def test_a_child_outlives_its_nursery(nursery: Nursery, tmp_path: Path) -> None:
    born = nursery.bear(tmp_path)
    os.kill(nursery.pid, 9)

    assert psutil.pid_exists(born.pid)
    born.stdin.close()
    assert READY in born.stdout.read()
    born.stdout.close()
