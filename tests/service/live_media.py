"""A media process of this one, with real children, on a real Redis and a real store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

import psutil

from service.broker import Broker
from service.broker_types import JobStatus
from service.media import Media
from service.settings import Settings
from service.store import Store
from tests.load.fleet import wait_for

LEASE_S = 2.0


class Running:
    """A media process in a thread of this one; its children are real."""

    def __init__(self, address: str, store: str, **changes: Any) -> None:
        self.settings = Settings(
            redis_url=address, store_url=store, lease_s=LEASE_S, drain_s=4, **changes
        )
        self.broker, self.store = Broker.of(self.settings), Store.of(self.settings)
        self.media = Media(self.settings, self.broker, self.store)
        self._stop = Event()
        self._thread = Thread(target=self.media.run, args=[self._stop])
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def status(self, job_id: str) -> JobStatus:
        status = self.broker.status(job_id)
        assert status is not None
        return status

    def await_decoded(self, *job_ids: str, within_s: float = 120) -> list[JobStatus]:
        """Wait until the jobs are decoded, or over; return how they stand."""

        def all_there() -> bool:
            return all(s.decoded or s.over for s in map(self.status, job_ids))

        wait_for(all_there, within_s)
        return [self.status(job_id) for job_id in job_ids]

    def await_frames(self, job_id: str, frames: int) -> None:
        wait_for(lambda: self.status(job_id).frames >= frames, 60)

    def await_child(self, *known: int) -> psutil.Process:
        """Wait for a child that has a task, other than those known."""

        def working() -> list[int]:
            return [pid for pid in self.media.working() if pid not in known]

        wait_for(lambda: bool(working()), 60)
        return psutil.Process(working()[0])

    def newborns(self) -> list[psutil.Process]:
        """Children of the nursery that have no task."""
        born = [p for p in psutil.Process().children(recursive=True) if _is_born(p)]
        return [child for child in born if child.pid not in self.media.working()]


Start = Callable[..., Running]


@contextmanager
def starting(redis_address: str, store: str) -> Iterator[Start]:
    """Start media processes by a function; they end with the block, and nothing is left of them."""
    started: list[Running] = []
    others = _media_processes()

    def begin(**changes: Any) -> Running:
        started.append(Running(redis_address, store, **changes))
        return started[-1]

    yield begin
    for running in started:
        running.end()
    wait_for(lambda: _media_processes() <= others, 10)


def _media_processes() -> set[psutil.Process]:
    return set(filter(_is_of_media, psutil.process_iter()))


def _is_born(process: psutil.Process) -> bool:
    parent = process.parent()
    return parent is not None and _is_of_media(process) and _is_of_media(parent)


def _is_of_media(process: psutil.Process) -> bool:
    try:
        return "service.nursery" in process.cmdline()
    except psutil.Error:  # it has just gone
        return False
