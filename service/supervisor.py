"""Child processes, each a role: started, watched, started again, and told to finish.

A child that dies comes back, at once the first time, later and later if it dies young. One that
ends because it was used wrongly or given bad input (exit status 2 or 3) would only do so again,
so everything ends with its status. Each child is a process group of its own: Ctrl-C reaches the
supervisor alone, which has them finish what they hold, and kills whoever takes too long.

This module knows nothing of what the children do.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event, Thread

from pydantic import SecretStr

from service.logs import get_log
from service.settings import Settings

HOPELESS = frozenset({2, 3})  # exit statuses of wrong use and of bad input
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.2, 30.0
_YOUNG_S = 5.0  # who dies at that age may do so at every start
_LOOK_S = 0.1  # how often to look after the children
_PARENT = "REMOCAP_SUPERVISOR"
log = get_log("supervisor")


@dataclass(frozen=True)
class Child:
    """A process to keep running.

    Attributes:
        name: Short, for logs.
        command: What to run.
        env: Variables beside those of this process.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps children running.

    Args:
        children: What to run; all start at once.
        drain_s: How long they may take to finish, once they are told to.
    """

    def __init__(self, children: Sequence[Child], drain_s: float) -> None:
        self._drain_s = drain_s
        self._kept = [_Kept(child) for child in children]

    def pids(self) -> dict[str, int]:
        """Return the process id of every child that runs, by its name."""
        running = {kept.child.name: kept.pid for kept in self._kept}
        return {name: pid for name, pid in running.items() if pid is not None}

    def run(self, stop: Event) -> int:
        """Keep the children running until told to stop, or until one cannot be helped.

        Returns:
            The exit status for this process: 0, or that of a child that cannot be helped.
        """
        try:
            while not stop.wait(_LOOK_S):
                for kept in self._kept:
                    if (status := kept.look(time.monotonic())) in HOPELESS:
                        log.error("child cannot run", child=kept.child.name, status=status)
                        return status
            return 0
        finally:
            self._drain()

    def kill(self) -> None:
        """End the children at once; safe to call from a signal handler while `run` drains."""
        for kept in self._kept:
            kept.send(signal.SIGKILL)

    def _drain(self) -> None:
        until_s = time.monotonic() + self._drain_s
        for kept in self._kept:
            kept.send(signal.SIGTERM)
        while any(kept.alive for kept in self._kept) and time.monotonic() < until_s:
            time.sleep(_LOOK_S / 2)
        for kept in self._kept:
            if kept.alive:
                log.warning("child killed, as it did not finish", child=kept.child.name)
            kept.kill_group()


class _Kept:
    """One child through all its lives."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = self._start_at_s = 0.0
        self._deaths = 0  # in a row, each soon after the start

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def look(self, now_s: float) -> int | None:
        """Start it if that is due; return its exit status where it has just died."""
        if self._process is None:
            if now_s >= self._start_at_s:
                self._start(now_s)
            return None
        status = self._process.poll()
        if status is not None:
            self.kill_group()  # what it left behind
            self._process = None
            self._deaths = self._deaths + 1 if now_s - self._started_s < _YOUNG_S else 0
            pause_s = restart_pause_s(self._deaths)
            self._start_at_s = now_s + pause_s
            log.warning("child died", child=self.child.name, status=status, pause_s=pause_s)
        return status

    def send(self, number: int) -> None:
        if self.alive and self._process is not None:
            self._process.send_signal(number)

    def kill_group(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _start(self, now_s: float) -> None:
        self._process = subprocess.Popen(  # noqa: S603  a role of ours
            self.child.command,
            env=os.environ | self.child.env | {_PARENT: str(os.getpid())},
            start_new_session=True,
        )
        self._started_s = now_s
        log.info("child started", child=self.child.name, pid=self._process.pid)


def restart_pause_s(deaths: int) -> float:
    """How long to wait before a child starts again that died young so often in a row."""
    return min(_FIRST_PAUSE_S * 2.0 ** max(deaths - 1, 0), _LAST_PAUSE_S)


def stop_on_signals(again: Callable[[], object] | None = None) -> Event:
    """Return an event that SIGTERM and Ctrl-C set; the second of them ends the process.

    Args:
        again: Called at the second one, and later ones, instead.
    """
    stop = Event()

    def handle(number: int, _: object) -> None:
        if stop.is_set() and again is not None:
            again()
        elif stop.is_set():
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)
        stop.set()

    signal.signal(signal.SIGTERM, handle)
    signal.signal(signal.SIGINT, handle)
    return stop


def follow_supervisor(look_s: float = 0.5) -> None:
    """Send this process SIGTERM if the supervisor that started it dies; call it in every child."""
    parent = os.environ.pop(_PARENT, None)
    if parent is None:
        return

    def watch() -> None:
        while str(os.getppid()) == parent:
            time.sleep(look_s)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, name="follow-supervisor", daemon=True).start()


def settings_env(settings: Settings, **changes: object) -> dict[str, str]:
    """Settings as the variables that give a child the same ones, secrets included."""
    prefix = str(settings.model_config.get("env_prefix", ""))
    variables = {}
    for name, value in (dict(settings) | changes).items():
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None:
            variables[f"{prefix}{name}".upper()] = str(value)
    return variables
