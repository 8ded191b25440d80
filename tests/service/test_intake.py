"""Between loader and network: a batch waits, deadlines go first, room is made by going."""

import time
from dataclasses import replace
from threading import Thread, Timer

import pytest

from service.execution import Execution
from service.intake import Intake, LoadedClip
from tests.service.runners import ToyRunner
from tests.service.test_heartbeat import a_delivery


class Clocks:
    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return self.now_s + 1_000_000


@pytest.fixture
def execution() -> Execution:
    return Execution(ToyRunner(), max_windows=4)


@pytest.fixture
def intake(execution: Execution) -> Intake:
    clocks = Clocks()
    return Intake(execution, 1.0, clocks.monotonic, clocks.wall)


def loaded(lease: str, windows: int = 2, deadline_s: float | None = None) -> LoadedClip:
    delivery = a_delivery(lease)
    request = replace(delivery.request, windows=windows, deadline_s=deadline_s)
    return LoadedClip(replace(delivery, request=request), clip=None)  # type: ignore[arg-type]


def leases(batch: list[LoadedClip]) -> list[str]:
    return [clip.delivery.lease for clip in batch]


def test_room_shrinks_with_what_waits_and_comes_back_with_a_batch(intake: Intake) -> None:
    assert intake.room(0) == 4
    intake.put([loaded("a")])
    intake.put([loaded("b", windows=3)])
    assert intake.room(0) == -1

    assert leases(intake.next_batch(0)) == ["a"]

    assert intake.room(0) == 1


def test_the_network_is_idle_while_it_waits_for_a_clip(intake: Intake) -> None:
    seen = []
    Timer(0.05, lambda: (seen.append(intake.is_idle), intake.put([loaded("a")]))).start()

    assert not intake.is_idle
    assert leases(intake.next_batch(5)) == ["a"]

    assert seen == [True]
    assert not intake.is_idle


def test_with_a_clip_that_is_about_to_run_the_network_is_not_idle(intake: Intake) -> None:
    network = Thread(target=intake.next_batch, args=(5,))
    network.start()
    while not intake.is_idle:
        time.sleep(0.001)

    with intake._changed:  # the network cannot wake yet
        intake.put([loaded("a")])
        is_idle = intake.is_idle

    network.join()
    assert not is_idle


def test_a_near_deadline_goes_first(intake: Intake) -> None:
    intake.put([loaded("a"), loaded("b"), loaded("late", deadline_s=1_000_100.5)])

    assert leases(intake.next_batch(0)) == ["late", "a"]


def test_the_network_is_woken_by_a_clip(intake: Intake) -> None:
    timer = Timer(0.05, lambda: intake.put([loaded("a")]))
    timer.start()

    assert leases(intake.next_batch(30)) == ["a"]
    timer.join()


def test_after_a_while_without_clips_there_is_no_batch(intake: Intake) -> None:
    assert intake.next_batch(0.01) == []


def test_batches_shrink_with_the_memory_of_the_device(intake: Intake, execution: Execution) -> None:
    intake.put([loaded("a"), loaded("b")])

    execution.max_windows = 2

    assert leases(intake.next_batch(0)) == ["a"]
    assert leases(intake.clear()) == ["b"]
