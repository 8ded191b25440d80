"""The broker as a worker uses it: clips under a lease."""

from collections.abc import Sequence

from service.broker_replies import read_delivery
from service.broker_types import Delivery
from service.script import Script


class ClipBroker:
    """Part of `service.broker.Broker`. All deliveries of one call are of one worker and model."""

    _script: Script

    def announce(self, worker_id: str, model_key: str, batch_windows: int) -> None:
        """Say that a worker is there, with room for so many windows; lasts for two leases."""
        self._script.call("announce", worker_id, model_key, batch_windows)

    def retire(self, worker_id: str, model_key: str) -> None:
        """Say that a worker is gone; what it holds, it has given back."""
        self._script.call("retire", worker_id, model_key)

    def take(
        self,
        worker_id: str,
        model_key: str,
        max_windows: int,
        block_ms: int = 0,
        *,
        is_idle: bool = False,
    ) -> list[Delivery]:
        """Take clips of at most `max_windows` windows together, or a single larger one.

        Those whose holder vanished come first. One whose started attempt vanished has `alone` set:
        it is to be started in a call of its own, with nothing uncommitted. A clip with three
        started attempts, the last two alone, is a dead letter, and its job fails with
        `clip_crashed`.

        Args:
            worker_id: Unique to this process, also among those before it.
            model_key: Whose clips.
            max_windows: For how many there is room, at least 1.
            block_ms: How long to wait for the first one.
            is_idle: Whether a clip would run at once. If it is the only one and new, an attempt of
                it is counted already, which saves a call; it has `started` set.
        """
        queue, last = f"remocap:queue:{model_key}", "0"

        def ask() -> list[list[str]]:
            nonlocal last
            taken, last = self._script.call("take", worker_id, model_key, max_windows, int(is_idle))
            return taken

        found = self._script.blocking(
            ask,
            lambda redis, wait_s: redis.xread({queue: last}, count=1, block=round(wait_s * 1000)),
            block_ms,
        )
        return [read_delivery(worker_id, fields) for fields in found]

    def started(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Count an attempt, just before the network; return those that may run, drop the others.

        One delivery in the call counts as running alone. Jobs that are past their deadline fail.
        """
        return self._those("started", deliveries)

    def renew(self, deliveries: Sequence[Delivery]) -> list[Delivery]:
        """Keep clips for another lease; return those that are still ours."""
        return self._those("renew", deliveries)

    def commit(self, delivery: Delivery, result_path: str, frames: int) -> bool:
        """Make a result, which is in the store, the clip's only one.

        Args:
            delivery: The clip.
            result_path: Unique to this delivery.
            frames: Rows that the result hands on.

        Returns:
            False where it is refused: the lease has lapsed, or the job is over. Repeating a call
            that was accepted returns True again. After True the clip's inputs may go.
        """
        request = delivery.request
        told = (request.job, request.clip, result_path, frames)
        return bool(self._script.call("commit", *_held([delivery]), *told))

    def give_back(self, deliveries: Sequence[Delivery]) -> int:
        """Put clips back into the queue, uncounted; return how many were still ours."""
        return int(self._script.call("give_back", *_held(deliveries))) if deliveries else 0

    def fail_clip(self, delivery: Delivery, code: str, message: str) -> bool:
        """Fail the job of a clip that raises alone, and keep a dead letter; False if not ours."""
        return bool(self._script.call("fail_clip", *_held([delivery]), code, message))

    def input_lost(self, delivery: Delivery) -> bool:
        """Have a clip sealed again whose inputs are not in the store; False if not ours.

        Happens where Redis came back without its last second: the clip was committed, and its
        inputs are gone. Look for a result of the clip in the store first, and commit that.
        """
        return bool(self._script.call("input_lost", *_held([delivery])))

    def _those(self, name: str, deliveries: Sequence[Delivery]) -> list[Delivery]:
        kept = self._script.call(name, *_held(deliveries)) if deliveries else []
        return [deliveries[i] for i in kept]


def _held(deliveries: Sequence[Delivery]) -> list[str]:
    first = deliveries[0]
    return [first.worker, first.request.model_key, *(one.lease for one in deliveries)]
