"""The worker role: clips of many jobs through the network of one model on one device.

    load      queue and store -> clips that wait      clip_loader.py, intake.py, batcher.py
    network   clips that wait -> answers              execution.py, runner.py
    commit    answers -> store and queue              clip_committer.py
    beat      leases renewed while these get on       heartbeat.py

Each is a thread: while one batch is in the network, the next is loaded and the last is stored.
Told to stop, it commits the batch in the network and gives back what waits.
"""

import os
import secrets
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event, Thread

from model.errors import RemocapError
from service.broker import Broker
from service.clip_committer import Answer, ClipCommitter
from service.clip_loader import ClipLoader
from service.errors import UnavailableError
from service.execution import Execution
from service.heartbeat import BEATS_PER_LEASE, Heartbeat, Held, Progress
from service.intake import Intake, LoadedClip
from service.latency import keep_latency_low
from service.logs import get_log, set_up_logs
from service.metrics import BATCH_FILL, GPU_MEMORY, NETWORK_SECONDS, serve_metrics
from service.runner import Runner, load_runner
from service.settings import Settings, load_settings
from service.store import Store
from service.supervisor import follow_supervisor, stop_on_signals
from service.worker_state import WorkerState

PART = "network"
_PARTS = ("load", PART, "commit")
_WAIT_S = 0.5
_STUCK = 70  # exit status
log = get_log("worker")


class Worker:
    """One process's worth of work.

    Args:
        settings: What is in force.
        runner: The model, loaded.
        broker: The queue.
        store: Where clips and results lie.
        stop: Ends it, in good order.
    """

    def __init__(
        self, settings: Settings, runner: Runner, broker: Broker, store: Store, stop: Event
    ) -> None:
        self._settings = settings
        self._runner = runner
        self._beat_s = settings.lease_s / BEATS_PER_LEASE
        self._state = WorkerState(
            worker_id=f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}",
            model_key=runner.key,
            broker=broker,
            store=store,
            held=Held(),
            progress=Progress(_PARTS, patience=2 * BEATS_PER_LEASE),
            stop=stop,
        )
        self._execution = Execution(
            runner, settings.batch_windows, partial(self._state.progress.mark, PART)
        )
        self._warm = False
        self._failure: BaseException | None = None

    def ready(self) -> str | None:
        """Why it takes no clips; None where it does."""
        if self._state.stop.is_set():
            return "draining"
        if not self._warm:
            return "warming up"
        if stuck := self._state.progress.stuck():
            return f"stuck: {', '.join(stuck)}"
        try:
            self._state.broker.ping()
            self._state.store.probe()
        except UnavailableError as error:
            return error.message
        return None

    def run(self) -> None:
        """Warm up, then work until told to stop.

        Raises:
            DeviceLostError: The device is lost; what was in the network is not given back.
            TimeoutError: What was in the network did not finish in `drain_s`.
        """
        self._execution.warm_up()
        batch_beats = 3 * self._execution.batch_s / self._beat_s
        progress = self._state.progress
        progress.patience = max(progress.patience, round(batch_beats))
        self._announce_first()
        self._warm = True
        log.info(
            "ready",
            worker=self._state.worker_id,
            model=self._state.model_key,
            batch_windows=self._execution.max_windows,
            batch_s=round(self._execution.batch_s, 4),
        )
        self._work()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Run the parts, and end them in the order that loses nothing."""
        stop, last, silent = self._state.stop, Event(), Event()
        intake = Intake(self._execution, self._settings.max_wait_ms / 1000)
        committer = ClipCommitter(self._state)
        heart = Heartbeat(
            self._state.broker, self._state.held, self._state.progress, self._announce, _give_up
        )
        load = self._start("load", ClipLoader(self._state, intake).run)
        network = self._start(PART, partial(self._answer_all, intake, committer))
        commit = self._start("commit", partial(committer.run, last))
        beat = self._start("beat", partial(heart.run, silent, self._beat_s))
        stop.wait()
        until_s = time.monotonic() + self._settings.drain_s
        log.info("draining", held=len(self._state.held))
        for thread, before in ((load, None), (network, None), (commit, last), (beat, silent)):
            if before is not None:
                before.set()
            thread.join(max(until_s - time.monotonic(), 0))
            if thread.is_alive():
                raise TimeoutError(f"'{thread.name}' did not end in {self._settings.drain_s:g} s")
        self._retire()

    def _start(self, name: str, run: Callable[[], None]) -> Thread:
        """Run a part in a thread; if it fails, everything ends."""

        def guarded() -> None:
            try:
                run()
            except BaseException as error:
                self._failure = self._failure or error
                self._state.stop.set()

        thread = Thread(target=guarded, name=name, daemon=True)
        thread.start()
        return thread

    def _answer_all(self, intake: Intake, committer: ClipCommitter) -> None:
        """Keep the device at work: all that can wait is done once the next batch has begun.

        But for a clip that may kill us, which runs while no other's answer could be lost with it.
        """
        state = self._state
        answers: list[Answer] = []
        while not state.stop.is_set():
            state.progress.mark(PART)
            batch = intake.next_batch(0 if answers else _WAIT_S)
            if _risky(batch) or _risky([answer.loaded for answer in answers]):
                committer.put(answers, PART)
                committer.settle_all(PART)
                answers = []
            batch = self._begin(batch) if batch else []
            intake.make_room()
            if answers:
                committer.put(answers, PART)
            answers = self._answer(batch) if batch else []
        if answers:
            committer.put(answers, PART)

    def _begin(self, batch: list[LoadedClip]) -> list[LoadedClip]:
        """Count an attempt of each clip, unless the queue just did; return those that may run."""
        state = self._state
        deliveries = [loaded.delivery for loaded in batch]
        if all(delivery.started for delivery in deliveries):
            return batch
        may_run = state.insist(PART, lambda: state.broker.started(deliveries))
        leases = {delivery.lease for delivery in may_run}
        state.held.drop(d for d in deliveries if d.lease not in leases)
        return [loaded for loaded in batch if loaded.delivery.lease in leases]

    def _answer(self, batch: list[LoadedClip]) -> list[Answer]:
        windows = sum(loaded.delivery.request.windows for loaded in batch)
        BATCH_FILL.observe(min(windows / self._execution.max_windows, 1))
        with NETWORK_SECONDS.time():
            estimates = self._execution.answer([loaded.clip.inputs for loaded in batch])
        log.debug("batch answered", clips=len(batch), windows=windows)
        return [Answer(*pair) for pair in zip(batch, estimates, strict=True)]

    def _announce_first(self) -> None:
        """Announce the worker, however long Redis is away: the model is loaded, and shall stay."""
        while not self._state.stop.is_set():
            try:
                self._announce()
            except UnavailableError as error:
                log.warning("waiting for Redis", error=error.message)
                self._state.stop.wait(_WAIT_S)
            else:
                return

    def _announce(self) -> None:
        state = self._state
        state.broker.announce(state.worker_id, state.model_key, self._execution.max_windows)
        for kind, size_bytes in self._runner.memory_bytes().items():
            GPU_MEMORY.labels(kind).set(size_bytes)

    def _retire(self) -> None:
        try:
            self._state.broker.retire(self._state.worker_id, self._state.model_key)
        except UnavailableError as error:
            log.warning("not retired; the queue will notice", error=error.message)


def _risky(batch: Sequence[LoadedClip]) -> bool:
    """Whether this is a clip that runs alone, as a worker that ran it has vanished."""
    return any(loaded.delivery.alone for loaded in batch)


def _give_up(parts: list[str]) -> None:
    """End a process of which a part hangs: no lock or destructor is to be waited for."""
    log.error("ends, as a part is stuck", parts=parts)
    os._exit(_STUCK)


def run_worker(settings: Settings, stop: Event) -> None:
    """Load the model in force, and serve it until told to stop."""
    runner = load_runner(settings)
    broker = Broker.of(settings, patience_s=settings.lease_s)
    worker = Worker(settings, runner, broker, Store.of(settings), stop)
    if settings.worker_port:
        serve_metrics(settings.metrics_host, settings.worker_port, worker.ready)
    keep_latency_low()
    try:
        worker.run()
    finally:
        broker.close()


def main() -> None:
    """Run one worker process; `remocap worker` starts one for each device."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported
    settings = load_settings()
    set_up_logs("worker", form=settings.log_format, level=settings.log_level)
    threading.current_thread().name = "main"
    stop = stop_on_signals()
    follow_supervisor()
    try:
        run_worker(settings, stop)
    except RemocapError as error:
        log.error("cannot run", code=error.code, error=error.message)
        sys.exit(error.exit_status)
    except Exception:
        log.exception("ends")
        sys.exit(1)


if __name__ == "__main__":
    main()
