"""What the parts of a worker share."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event
from typing import TypeVar

from service.broker import Broker
from service.broker_types import Delivery
from service.errors import UnavailableError
from service.heartbeat import Held, Progress
from service.logs import get_log
from service.metrics import CLIPS
from service.store import Store

T = TypeVar("T")
_PAUSE_S = 0.5
log = get_log("worker")


@dataclass(frozen=True, eq=False)
class WorkerState:
    """One worker process.

    Attributes:
        worker_id: Unique, also among those before it.
        model_key: What it serves.
        broker, store: What it works with.
        held: The clips it holds.
        progress: Which of its parts get on.
        stop: Set when it shall take nothing new.
    """

    worker_id: str
    model_key: str
    broker: Broker
    store: Store
    held: Held
    progress: Progress
    stop: Event

    def insist(self, part: str, call: Callable[[], T]) -> T:
        """Do what must be done, however long Redis or the store is away."""
        while True:
            try:
                return call()
            except UnavailableError as error:
                log.warning("to be tried again", code=error.code, error=error.message)
                self.progress.mark(part)
                time.sleep(_PAUSE_S)

    def give_back(self, deliveries: Iterable[Delivery]) -> None:
        """Let others have clips that were not begun; where Redis is away, their leases lapse."""
        back = list(deliveries)
        if not back:
            return
        self.held.drop(back)
        try:
            self.broker.give_back(back)
        except UnavailableError as error:
            log.warning("clips not given back", clips=len(back), error=error.message)
        CLIPS.labels("given_back").inc(len(back))

    def fail_clip(self, part: str, delivery: Delivery, code: str, reason: str) -> None:
        """End the job of a clip that cannot be answered, and say which frames it was."""
        request = delivery.request
        message = f"frames {request.first_frame} to {request.last_frame}: {reason}"
        ours = self.insist(part, lambda: self.broker.fail_clip(delivery, code, message))
        log.error("clip failed", job=request.job, clip=request.clip, code=code, reason=reason)
        self.held.drop([delivery])
        CLIPS.labels("failed" if ours else "refused").inc()
