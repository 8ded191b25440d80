"""A worker of this process, on a real Redis and a real store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

from service.broker import Broker
from service.messages import JobState
from service.runner import Runner
from service.settings import load_settings
from service.store import Store
from service.worker import Worker
from tests.load.fleet import wait_for


class Running:
    """A worker in a thread."""

    def __init__(
        self, address: str, store: Store, runner: Runner, lease_s: float, batch_windows: int
    ) -> None:
        settings = load_settings(lease_s=lease_s, batch_windows=batch_windows, drain_s=60)
        self.stop = Event()
        self.error: BaseException | None = None
        self.worker = Worker(settings, runner, Broker(address, lease_s=lease_s), store, self.stop)
        self.thread = Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self.stop.set()
        self.thread.join(90)
        assert not self.thread.is_alive()


Start = Callable[..., Running]


@contextmanager
def starting(redis_address: str, store: Store) -> Iterator[Start]:
    """Start workers by a function while the block runs; they end with it."""
    running: list[Running] = []

    def begin(runner: Runner, lease_s: float = 10, batch_windows: int = 4) -> Running:
        running.append(Running(redis_address, store, runner, lease_s, batch_windows))
        return running[-1]

    yield begin
    for worker in running:
        worker.end()


def wait_until(broker: Broker, job_id: str, state: JobState) -> None:
    """Wait until a job stands so."""

    def is_so() -> bool:
        status = broker.status(job_id)
        assert status is not None
        return status.state == state

    wait_for(is_so, within_s=90)
