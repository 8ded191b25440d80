"""The broker as those use it who decide who may come in: reservations, and browsers' sessions."""

from typing import NamedTuple

from service.broker_types import Limits
from service.messages import Job
from service.script import Script


class Visitor(NamedTuple):
    """By what a client is known that was refused and comes back.

    Attributes:
        name: Equal where the same client asks for the same.
        is_named: 1 where no other client can have this name, 0 where one might.
    """

    name: str
    is_named: int


NOBODY = Visitor("", 0)


class AccessBroker:
    """Part of `service.broker.Broker`."""

    _script: Script

    def admit(self, job: Job, limits: Limits, visitor: Visitor, ttl_s: float) -> None:
        """Reserve what a job is estimated to cost, before its video is read.

        `submit` takes the reservation over. A request that came before under the same idempotency
        key reserves nothing.

        Args:
            job: Not submitted yet.
            limits: Refuse what goes over them.
            visitor: By whom a client is known that comes back.
            ttl_s: How long the reservation holds unless it is kept.

        Raises:
            OverCapacityError: `tenant_over_limit`, `service_over_limit`, with the seconds after
                which the same request will be let in.
        """
        cost_ms = round(job.estimated_gpu_s * 1000)
        name, numbers = job.idempotency_key or "", (*limits_ms(limits), *visitor)
        self._script.call("admit", job.id, job.tenant, name, cost_ms, *numbers, _ms(ttl_s))

    def keep(self, job_id: str, ttl_s: float) -> bool:
        """Let a reservation hold for longer; whether it was still there."""
        return bool(self._script.call("keep", job_id, _ms(ttl_s)))

    def withdraw(self, job_id: str) -> None:
        """Give a reservation back that was not submitted."""
        self._script.call("withdraw", job_id)

    def lower(self, job_id: str, gpu_s: float) -> None:
        """Reserve less for a job whose whole video has arrived; never more."""
        self._script.call("lower", job_id, _ms(gpu_s))

    def open_session(self, digest: str, key_id: str, ttl_s: float) -> None:
        """Remember which key a browser showed, for so long."""
        place = _session(digest)
        self._script.patiently(lambda redis: redis.set(place, key_id, px=_ms(ttl_s)))

    def session(self, digest: str) -> str | None:
        """Return the id of the key that a browser showed; None where the session has ended."""
        found = self._script.patiently(lambda redis: redis.get(_session(digest)))
        return None if found is None else str(found)

    def close_session(self, digest: str) -> None:
        """Forget a browser."""
        self._script.patiently(lambda redis: redis.delete(_session(digest)))


def limits_ms(limits: Limits | None) -> tuple[int | str, int | str]:
    """Return limits as the script takes them: milliseconds, or nothing for none."""
    return (_ms(limits.total_gpu_s), _ms(limits.tenant_gpu_s)) if limits else ("", "")


def _session(digest: str) -> str:
    return f"remocap:session:{digest}"


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
