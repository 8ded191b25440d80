"""The part of a worker that stores results and commits them."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event

from model.clip_rows import ClipRows, keep_rows
from model.errors import InputError
from model.types import Estimate
from service.clip_file import pack_rows
from service.errors import UnavailableError
from service.intake import LoadedClip
from service.logs import bound, get_log
from service.metrics import CLIPS, COMMIT_SECONDS, FRAMES_RECONSTRUCTED
from service.store import result_path
from service.worker_state import WorkerState

PART = "commit"
_WAIT_S = 0.5
_WRITERS = 4  # at the same time; a store may be far away
log = get_log("worker")


@dataclass(frozen=True, eq=False)
class Answer:
    """What the network said of a clip, or what it raised."""

    loaded: LoadedClip
    estimate: Estimate | Exception


class ClipCommitter:
    """Stores and commits answers; a batch may wait while another is written."""

    def __init__(self, state: WorkerState) -> None:
        self._state = state
        self._answers: Queue[list[Answer]] = Queue(maxsize=1)

    def put(self, answers: list[Answer], part: str) -> None:
        """Hand over a batch's answers; waits, as the named part, while there is no room."""
        while True:
            try:
                return self._answers.put(answers, timeout=_WAIT_S)
            except Full:
                self._state.progress.mark(part)

    def settle_all(self, part: str) -> None:
        """Wait, as the named part, until all that was handed over is committed."""
        with self._answers.all_tasks_done:
            while self._answers.unfinished_tasks:
                self._answers.all_tasks_done.wait(_WAIT_S)
                self._state.progress.mark(part)

    def run(self, last: Event) -> None:
        """Commit until nothing is left after `last` is set."""
        with ThreadPoolExecutor(_WRITERS, "commit") as pool:
            while True:
                self._state.progress.mark(PART)
                over = last.is_set()  # read before the queue: what came before it is in there
                try:
                    answers = self._answers.get(timeout=0 if over else _WAIT_S)
                except Empty:
                    if over:
                        return
                else:
                    if len(answers) == 1:
                        self.settle(answers[0])
                    else:
                        list(pool.map(self.settle, answers))
                    self._answers.task_done()

    def settle(self, answer: Answer) -> None:
        """Commit one clip's answer, or fail its job."""
        delivery = answer.loaded.delivery
        with bound(job=delivery.request.job, clip=delivery.request.clip):
            try:
                if isinstance(answer.estimate, Exception):
                    raise answer.estimate
                rows = keep_rows(answer.loaded.clip, answer.estimate)
            except InputError as error:
                self._state.fail_clip(PART, delivery, error.code, error.message)
            except Exception as error:
                self._state.fail_clip(
                    PART, delivery, "clip_failed", f"the network raised {error!r}"
                )
            else:
                with COMMIT_SECONDS.time():
                    self._commit(answer.loaded, rows)

    def _commit(self, loaded: LoadedClip, rows: ClipRows) -> None:
        state, delivery, frames = self._state, loaded.delivery, len(rows.frame_index)
        request = delivery.request
        path = result_path(request.job, request.clip, secrets.token_hex(6))
        state.insist(PART, lambda: state.store.put(path, pack_rows(rows)))
        accepted = state.insist(PART, lambda: state.broker.commit(delivery, path, frames))
        state.held.drop([delivery])
        CLIPS.labels("committed" if accepted else "refused").inc()
        if accepted:
            FRAMES_RECONSTRUCTED.inc(frames)
            log.debug("clip committed", frames=frames)
        else:
            log.info("commit refused: it is no longer ours, or the job is over")
        self._forget(request.path if accepted else path)

    def _forget(self, path: str) -> None:
        try:
            self._state.store.delete(path)
        except UnavailableError as error:
            log.warning("not deleted; goes with its job", path=path, error=error.message)
