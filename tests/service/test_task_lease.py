"""A lease lasts as long as the work gets on, and no longer."""

import threading
from collections.abc import Iterator

import pytest

from service.broker import Broker
from service.broker_types import MediaTask
from service.store import Store
from service.task_lease import LOST, STUCK, TaskLease
from tests.service.jobs_of_videos import claim

LEASE_S = 0.6


@pytest.fixture
def quick(redis_address: str) -> Iterator[Broker]:
    """A broker whose leases are short."""
    broker = Broker(redis_address, lease_s=LEASE_S)
    yield broker
    broker.close()


@pytest.fixture
def task(quick: Broker, store: Store) -> MediaTask:
    return claim(quick, store)


class Ending:
    """Notes the status that would have ended the process."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.came = threading.Event()

    def __call__(self, status: int) -> None:
        self.status = status
        self.came.set()


def test_a_lease_outlasts_itself_while_the_work_gets_on(quick: Broker, task: MediaTask) -> None:
    beats = threading.Semaphore(0)
    lease = TaskLease(quick, task.lease, LEASE_S, beats.release)
    for _ in range(10):
        assert beats.acquire(timeout=10)
        lease.beat()

    still_ours = quick.renew_task(task.lease)
    lease.stop()

    assert still_ours


def test_who_gets_stuck_gives_up(quick: Broker, task: MediaTask) -> None:
    ending = Ending()

    TaskLease(quick, task.lease, LEASE_S, lambda: None, ending, patience_s=0.5)

    assert ending.came.wait(10)
    assert ending.status == STUCK


def test_a_step_that_takes_long_may_say_so_before(quick: Broker, task: MediaTask) -> None:
    beats, ending = threading.Semaphore(0), Ending()
    lease = TaskLease(quick, task.lease, LEASE_S, beats.release, ending, patience_s=0.5)

    lease.beat(grace_s=60)
    for _ in range(6):
        assert beats.acquire(timeout=10)
    lease.stop()

    assert ending.status is None


def test_a_cancelled_job_ends_the_process(quick: Broker, task: MediaTask) -> None:
    ending = Ending()
    TaskLease(quick, task.lease, LEASE_S, lambda: None, ending)

    quick.cancel(task.job.id)

    assert ending.came.wait(10)
    assert ending.status == LOST


def test_after_stop_nothing_ends(quick: Broker, task: MediaTask) -> None:
    beats, ending = threading.Semaphore(0), Ending()
    lease = TaskLease(quick, task.lease, LEASE_S, beats.release, ending)
    assert beats.acquire(timeout=10)

    lease.stop()
    quick.cancel(task.job.id)

    assert not ending.came.wait(3 * LEASE_S)
