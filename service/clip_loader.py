"""The part of a worker that takes clips from the queue and reads their inputs."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from model.errors import InputError
from service.broker_types import Delivery
from service.clip_file import unpack_clip, unpack_rows
from service.errors import UnavailableError
from service.intake import Intake, LoadedClip
from service.logs import bound, get_log
from service.messages import ClipRequest
from service.metrics import CLIPS, LOAD_SECONDS, QUEUE_SECONDS
from service.store import result_path
from service.worker_state import WorkerState

PART = "load"
_WAIT_S = 0.5
_FRESH_S = 0.5  # for which it is not asked again whether a clip that has begun may run
_READERS = 4  # at the same time; a store may be far away
log = get_log("worker")


class ClipLoader:
    """Keeps about one batch of clips waiting for the network."""

    def __init__(self, state: WorkerState, intake: Intake) -> None:
        self._state = state
        self._intake = intake

    def run(self) -> None:
        """Take and read until told to stop; then give back what waits."""
        with ThreadPoolExecutor(_READERS, "load") as pool:
            while not self._state.stop.is_set():
                self._state.progress.mark(PART)
                try:
                    self.take_some(pool)
                except UnavailableError as error:
                    log.warning("nothing taken", code=error.code, error=error.message)
                    self._state.stop.wait(_WAIT_S)
        self._state.give_back(loaded.delivery for loaded in self._intake.clear())

    def take_some(self, pool: ThreadPoolExecutor, wait_s: float = _WAIT_S) -> None:
        """Take as many clips as there is room for, and let them wait for the network."""
        room = self._intake.room(wait_s)
        if room <= 0:
            return
        state = self._state
        taken = state.broker.take(
            state.worker_id,
            state.model_key,
            room,
            block_ms=round(1000 * wait_s),
            is_idle=self._intake.is_idle,
        )
        state.held.add(taken)
        for delivery in taken:
            QUEUE_SECONDS.observe(max(time.time() - delivery.queued_s, 0))
        read = map(self._load, taken) if len(taken) == 1 else pool.map(self._load, taken)
        self._intake.put([loaded for loaded in read if loaded is not None])

    def _load(self, delivery: Delivery) -> LoadedClip | None:
        """Read a clip; None where it has gone another way."""
        with bound(job=delivery.request.job, clip=delivery.request.clip):
            try:
                begun_s = time.monotonic()
                with LOAD_SECONDS.time():
                    data = self._state.store.get(delivery.request.path)
                if time.monotonic() - begun_s > _FRESH_S:
                    delivery = replace(delivery, started=False)
                return LoadedClip(delivery, unpack_clip(data))
            except FileNotFoundError:
                self._recover(delivery)
            except InputError as error:
                self._state.fail_clip(PART, delivery, error.code, error.message)
            except UnavailableError as error:
                log.warning("clip not read", code=error.code, error=error.message)
                self._state.give_back([delivery])
                self._state.stop.wait(_WAIT_S)
            except Exception as error:  # not counted as an attempt, so it would come for ever
                log.exception("clip not read")
                self._state.fail_clip(PART, delivery, "clip_failed", f"reading it: {error!r}")
            finally:
                self._state.progress.mark(PART)
            return None

    def _recover(self, delivery: Delivery) -> None:
        """Settle a clip whose inputs are gone, as Redis forgot that it was committed."""
        state, result = self._state, self._find_result(delivery.request)
        if result is None:
            state.insist(PART, lambda: state.broker.input_lost(delivery))
        else:
            state.insist(PART, lambda: state.broker.commit(delivery, *result))
        log.warning("inputs gone", result=result and result[0])
        state.held.drop([delivery])
        CLIPS.labels("inputs_gone").inc()

    def _find_result(self, request: ClipRequest) -> tuple[str, int] | None:
        """Return path and rows of a result that some worker stored."""
        start, _, _ = result_path(request.job, request.clip, "*").partition("*")
        folder, _, _ = start.rpartition("/")
        for entry in self._state.store.entries(f"{folder}/"):
            if entry.path.startswith(start):
                rows = unpack_rows(self._state.store.get(entry.path))
                return entry.path, len(rows.frame_index)
        return None
