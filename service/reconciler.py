"""Keeps Redis and the store of one mind: whatever got its 202 is finished, once.

What Redis has forgotten (lost, or emptied) is told again from the manifests in the store, and
only that: a job with `done.json` is remembered as over, any other is queued again. Jobs that
have ended get their `done.json` here; those that are too old go.
"""

import threading
from types import TracebackType
from typing import Self

from service.broker import Broker
from service.broker_types import JobStatus
from service.store import Store


class Reconciler:
    """A thread that does all this; one in each api and media process, of which one at a time acts.

    It also calls `Broker.tick` once a second.
    """

    def __init__(self, broker: Broker, store: Store, retention_s: float) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        raise NotImplementedError


def recall(broker: Broker, store: Store, job_id: str) -> JobStatus | None:
    """Return a job's status, looking for it in the store where Redis does not know it."""
    raise NotImplementedError


def archive(broker: Broker, store: Store, job_id: str) -> None:
    """Write how a job ended to the store, and delete what is of no use any more.

    The reconciler does so within a second; who deletes a job calls it before answering.
    """
    raise NotImplementedError


_ = threading
