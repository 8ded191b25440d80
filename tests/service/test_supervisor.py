"""Real children: shells that say what happens to them in files."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from service.settings import load_settings
from service.supervisor import Child, Supervisor, restart_pause_s, settings_env
from tests.load.fleet import wait_for

POLITE = "trap 'echo drained >> {log}; exit 0' TERM; echo $$ >> {log}; while :; do sleep 0.05; done"
STUBBORN = "trap '' TERM; echo $$ >> {log}; while :; do sleep 0.05; done"


def shell(name: str, script: str, log: Path) -> Child:
    return Child(name, ("sh", "-c", script.format(log=log)))


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for counts as ended too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class Running:
    """A supervisor in a thread."""

    def __init__(self, *children: Child, drain_s: float = 30) -> None:
        self.stop = Event()
        self.status: int | None = None
        supervisor = Supervisor(children, drain_s)

        def run() -> None:
            self.status = supervisor.run(self.stop)

        self.thread = Thread(target=run)
        self.thread.start()

    def end(self) -> int | None:
        self.stop.set()
        self.thread.join(60)
        return self.status


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*children: Child, drain_s: float = 30) -> Running:
        started.append(Running(*children, drain_s=drain_s))
        return started[-1]

    yield start
    for running in started:
        running.end()


def test_a_killed_child_comes_back(run: Callable[..., Running], tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(shell("worker", POLITE, log))
    wait_for(lambda: len(lines(log)) == 1)

    os.kill(int(lines(log)[0]), signal.SIGKILL)

    wait_for(lambda: len(lines(log)) == 2)


def test_children_finish_what_they_hold(run: Callable[..., Running], tmp_path: Path) -> None:
    logs = [tmp_path / "a", tmp_path / "b"]
    running = run(*(shell(log.name, POLITE, log) for log in logs))
    wait_for(lambda: all(lines(log) for log in logs))

    assert running.end() == 0

    assert [lines(log)[-1] for log in logs] == ["drained", "drained"]


def test_who_does_not_finish_in_time_is_killed(run: Callable[..., Running], tmp_path: Path) -> None:
    log = tmp_path / "log"
    running = run(shell("stubborn", STUBBORN, log), drain_s=0.2)
    wait_for(lambda: lines(log))

    running.end()

    assert gone(int(lines(log)[0]))


@pytest.mark.parametrize("status", [2, 3])
def test_a_child_that_cannot_be_helped_ends_it_all(
    run: Callable[..., Running], tmp_path: Path, status: int
) -> None:
    log = tmp_path / "log"
    script = f"until [ -s {log} ]; do sleep 0.02; done; exit {status}"
    running = run(shell("well", POLITE, log), shell("ill", script, log))

    running.thread.join(60)

    assert running.status == status
    assert lines(log)[-1] == "drained"


def test_what_a_dead_child_leaves_behind_is_killed(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    run(shell("parent", "sleep 1000 & echo $! >> {log}; exit 1", log))

    wait_for(lambda: lines(log))

    wait_for(lambda: gone(int(lines(log)[0])))


def test_pauses_grow_while_a_child_keeps_dying() -> None:
    pauses = [restart_pause_s(deaths) for deaths in range(12)]

    assert pauses[:4] == [0.2, 0.2, 0.4, 0.8]
    assert pauses[-1] == 30


ORPHAN = """
import os, signal, sys, time
from pathlib import Path
from service.supervisor import follow_supervisor
def say(what, *_):
    with Path(sys.argv[1]).open("a") as log:
        log.write(f"{what}\\n")
signal.signal(signal.SIGTERM, lambda *_: (say("drained"), os._exit(0)))
follow_supervisor(look_s=0.02)
say(os.getpid())
time.sleep(100)
"""
PARENT = """
import sys
from threading import Event
from service.supervisor import Child, Supervisor
Supervisor([Child("child", (sys.executable, "-c", sys.argv[1], sys.argv[2]))], 1).run(Event())
"""


def test_children_finish_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, ORPHAN, str(log)])
    wait_for(lambda: lines(log), within_s=60)

    parent.kill()
    parent.wait()

    wait_for(lambda: lines(log)[-1] == "drained")


def test_a_child_gets_the_settings_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    given = load_settings(device="cpu", compile=True, model="mine")

    for name, value in settings_env(given, device="cuda:1").items():
        monkeypatch.setenv(name, value)

    assert load_settings() == given.model_copy(update={"device": "cuda:1"})
