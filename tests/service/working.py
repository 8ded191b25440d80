"""Media and worker in threads: real videos are decoded, and their clips get made-up answers."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from model.errors import RemocapError
from model.video import Limits
from service.broker import Broker
from service.broker_types import MediaTask
from service.errors import JobOverError, LeaseLostError
from service.eyes import Eyes
from service.media_job import DecodeTask, Pace
from service.settings import Settings
from service.store import Store
from service.task_lease import TaskLease
from tests.service.finished import answer_clips

LOOK_S = 0.05


@contextmanager
def working(broker: Broker, store: Store, folder: Path) -> Iterator[None]:
    """Decode and answer whatever is queued while the block runs."""
    stop = threading.Event()
    work = (lambda: _decode(broker, store, folder), lambda: _answer(broker, store))
    threads = [threading.Thread(target=_again, args=(stop, each)) for each in work]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _again(stop: threading.Event, work: Callable[[], None]) -> None:
    while not stop.is_set():
        work()
        time.sleep(LOOK_S)


def _answer(broker: Broker, store: Store) -> None:
    for status in broker.models():
        with suppress(FileNotFoundError, AssertionError):  # of a job that was erased meanwhile
            answer_clips(broker, store, status.model_key)


def _decode(broker: Broker, store: Store, folder: Path) -> None:
    task = broker.claim_task("media", ("decode",))
    if task is None:
        return
    lease = TaskLease(broker, task.lease, 10, lambda: None, end=lambda _: None)
    with suppress(JobOverError, LeaseLostError):  # where a job was ended meanwhile
        _run(broker, store, task, lease, folder)
    lease.stop()


def _run(broker: Broker, store: Store, task: MediaTask, lease: TaskLease, folder: Path) -> None:
    try:
        pace = Pace(lease.beat, lambda _: lease.beat())
        most = Settings().max_unprocessed_windows
        DecodeTask(store, broker, task, Limits(), folder, most, pace, _eyes()).run()
    except (JobOverError, LeaseLostError):
        raise
    except RemocapError as error:
        broker.fail(task.lease, error.code, error.message)


_eyes = cache(Eyes.load)
