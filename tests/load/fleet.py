"""A private Redis, a store and worker processes under their supervisor, as in production."""

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from urllib.request import urlopen

from service.broker import Broker
from service.reconciler import Reconciler
from service.redis_server import RedisServer
from service.settings import Settings, load_settings
from service.store import Store
from service.supervisor import Child, Supervisor, settings_env


@dataclass(frozen=True)
class Plan:
    """What to run.

    Attributes:
        workers: Processes.
        media: Processes of the media role.
        settings: Beside the defaults.
        tests: Of the sleeping model and of faults, as `service.sleeping.FaultSettings`.
    """

    workers: int = 2
    media: int = 0
    settings: Mapping[str, object] = field(default_factory=dict)
    tests: Mapping[str, object] = field(default_factory=dict)

    def describe(self) -> str:
        """All that is not a default, on one line."""
        said = {"workers": self.workers, **self.settings}
        said |= {"media": self.media} if self.media else {}
        said |= {f"test_{name}": value for name, value in self.tests.items()}
        return ", ".join(f"{name}={value}" for name, value in said.items())


@dataclass(frozen=True)
class Fleet:
    """What runs.

    Attributes:
        broker, store: The same that the workers use.
        supervisor: Of the workers.
        log: What the workers wrote, a line of JSON for each event.
        first_port: Where the first worker serves its metrics.
    """

    settings: Settings
    broker: Broker
    store: Store
    supervisor: Supervisor
    log: Path
    redis: RedisServer

    def events(self, name: str) -> list[dict[str, object]]:
        """What the workers logged under this name."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        found = (json.loads(line) for line in lines if line.startswith("{") and line.endswith("}"))
        return [event for event in found if event.get("event") == name]

    def metric(self, name: str) -> float:
        """Of the only worker."""
        with urlopen(f"http://127.0.0.1:{self.settings.worker_port}/metrics") as answer:
            lines = answer.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " "))

    def wait_ready(self, workers: int, within_s: float = 300) -> None:
        """Wait until so many workers have announced themselves."""
        wait_for(lambda: sum(m.workers for m in self.broker.models()) >= workers, within_s)


def wait_for(ready: Callable[[], object], within_s: float = 30) -> None:
    """Poll until something holds."""
    until_s = time.monotonic() + within_s
    while not ready():
        if time.monotonic() > until_s:
            raise TimeoutError(f"it did not happen within {within_s:g} s")
        time.sleep(0.02)


@contextmanager
def running(plan: Plan, start: bool = True) -> Iterator[Fleet]:
    """Run a fleet; with `start` false its workers start when `start_workers` is called."""
    folder = Path(tempfile.mkdtemp(prefix="remocap-"))
    try:
        with RedisServer(folder / "redis") as redis:
            ours = {"redis_url": redis.address, "data_dir": folder, "worker_port": 0}
            settings = load_settings(**ours | dict(plan.settings))
            with _fleet(plan, settings, redis, folder) as fleet:
                if start:
                    with workers(fleet):
                        yield fleet
                else:
                    yield fleet
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _fleet(plan: Plan, settings: Settings, redis: RedisServer, folder: Path) -> Iterator[Fleet]:
    broker, store = Broker.of(settings), Store.of(settings)
    log = folder / "workers.log"
    supervisor = Supervisor(_children(plan, settings, log), settings.drain_s)
    with Reconciler(broker, store, settings.retention_s):
        yield Fleet(settings, broker, store, supervisor, log, redis)
    broker.close()


def _children(plan: Plan, settings: Settings, log: Path) -> list[Child]:
    tests = {f"REMOCAP_TEST_{name}".upper(): str(value) for name, value in plan.tests.items()}
    root = str(Path(__file__).resolve().parents[2])
    shared = tests | {"OMP_NUM_THREADS": "1", "PYTHONPATH": root}
    children = []
    for number in range(plan.workers):
        port = settings.worker_port and settings.worker_port + number
        env = settings_env(settings, worker_port=port, log_format="json")
        command = _command("service.worker", log)
        children.append(Child(f"worker-{number}", command, shared | env))
    for number in range(plan.media):
        env = settings_env(settings, media_port=0, log_format="json")
        command = _command("service media", log)
        children.append(Child(f"media-{number}", command, shared | env))
    return children


def _command(module: str, log: Path) -> tuple[str, ...]:
    return ("sh", "-c", f'exec "$0" -m {module} 2>> "{log}"', sys.executable)


@contextmanager
def workers(fleet: Fleet) -> Iterator[None]:
    """Run the workers of a fleet; they drain at the end."""
    stop = Event()
    thread = Thread(target=fleet.supervisor.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    import socket

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def machine() -> str:
    """What figures depend on beside the settings."""
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} CPUs, load {load:.1f}, Python {sys.version.split()[0]}"
