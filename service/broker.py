"""The queue of jobs, media tasks and clips, in Redis. Synchronous; safe to share among threads.

The state, and every change to it, is in `broker.lua`; here are types around it. A call that
Redis does not answer is repeated until `patience_s` is over: every call may be repeated.
"""

from pathlib import Path
from typing import Self
from uuid import uuid4

from redis import Redis

from service.broker_access import AccessBroker
from service.broker_clips import ClipBroker
from service.broker_hooks import HookBroker
from service.broker_jobs import JobBroker
from service.broker_media import MediaBroker
from service.estimates import WINDOW_GPU_S
from service.script import Script
from service.settings import Settings

LUA = Path(__file__).with_suffix(".lua")


class Broker(JobBroker, MediaBroker, ClipBroker, AccessBroker, HookBroker):
    """All of the queue.

    Args:
        address: URL of Redis.
        lease_s: How long a silent process keeps its work.
        retention_s: How long a job that ended is remembered.
        patience_s: How long a call waits for Redis to come back.

    Every method may raise BrokerUnavailableError.
    """

    def __init__(
        self,
        address: str,
        *,
        lease_s: float = 10,
        retention_s: float = 86_400,
        patience_s: float = 2,
    ) -> None:
        window_ms = round(WINDOW_GPU_S * 1000)
        config = {"lease": lease_s, "retention": retention_s, "window_ms": window_ms}
        self._script = Script(address, LUA, config, patience_s)

    @classmethod
    def of(cls, settings: Settings, patience_s: float = 2) -> Self:
        """The broker that the settings name; background roles take more patience than the api."""
        return cls(
            settings.redis_address,
            lease_s=settings.lease_s,
            retention_s=settings.retention_s,
            patience_s=patience_s,
        )

    @property
    def redis(self) -> Redis:
        """The client beneath, for tests and for what is not ours."""
        return self._script.redis

    def ping(self) -> None:
        """Ask Redis whether it is there; for readiness."""
        self._script.ping()

    def tick(self) -> None:
        """Do what is due: deadlines, lapsed tasks, vanished workers, old jobs. Once a second."""
        self._script.call("tick")

    def lead(self, name: str, for_s: float) -> bool:
        """Whether the reconciler of this name is the one to act, from now on for so long."""
        return bool(self._script.call("lead", name, round(for_s * 1000)))

    def incarnation(self) -> str:
        """Return a word that changes when Redis was restarted or emptied."""
        run_id = self._script.patiently(lambda redis: redis.info("server")["run_id"])
        return f"{run_id} {self._script.call('mark', uuid4().hex)}"

    def close(self) -> None:
        """Close the connections."""
        self._script.close()
