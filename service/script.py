"""Calls of functions of a Lua file in Redis, repeated while it is away, with errors of ours."""

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from model.errors import UsageError
from service.errors import (
    BrokerUnavailableError,
    IdempotencyConflictError,
    JobOverError,
    LeaseLostError,
    NotFoundError,
    NotReadyError,
    OverCapacityError,
    ServiceError,
    StoreFullError,
    UnavailableError,
)
from service.lua import scripts_of
from service.security_masks import mask

_PASSING = (
    exceptions.ConnectionError,  # a starting Redis that still loads among them
    exceptions.TimeoutError,
    exceptions.ReadOnlyError,
    exceptions.OutOfMemoryError,
)
_PASSING_WORDS = ("MISCONF", "NOREPLICAS", "MASTERDOWN")
"""Of refusals for want of a disk, a replica or a master, which redis-py has no classes for."""
_REPLY_S = 5.0  # how long Redis may take for one call
_LONGEST_WAIT_S = 0.5
T = TypeVar("T")


class Script:
    """The functions `api.*` of a Lua file, which find their names before their arguments.

    Args:
        address: URL of Redis.
        path: The file.
        config: Given to every call, as JSON.
        patience_s: How long to try again while Redis is away.

    Raises:
        UsageError: `bad_setting`: the URL is none.
    """

    def __init__(
        self, address: str, path: Path, config: Mapping[str, float], patience_s: float
    ) -> None:
        self.redis = _connect(address)
        self._config = json.dumps(dict(config))
        scripts = scripts_of(path.read_text())
        self._functions = {name: self.redis.register_script(s) for name, s in scripts.items()}
        self._patience_s = patience_s

    def call(self, name: str, *args: str | float) -> Any:
        """Run a function of the file, and return its reply.

        Raises:
            BrokerUnavailableError: Redis stayed away for all of the patience.
            StoreFullError: It has had no room on its disk for so long.
            ServiceError: What the script refuses, by the first word of its message.
        """
        function = self._functions[name]
        return self.patiently(lambda _: function(args=[name, self._config, *args]))

    def patiently(self, ask: Callable[[Any], Any]) -> Any:
        """Ask until there is an answer or patience runs out. What is asked may be asked twice.

        Args:
            ask: Is given the client, untyped: redis-py's types know nothing of decoded replies.
        """
        until = time.monotonic() + self._patience_s
        pause_s = 0.02
        while True:
            try:
                return ask(self.redis)
            except exceptions.RedisError as error:
                if not _will_pass(error):
                    raise _refusal(error) from error
                if time.monotonic() + pause_s > until:
                    raise _unavailable(error) from error
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.5)

    def blocking(
        self, ask: Callable[[], list[T]], wait: Callable[[Any, float], object], block_ms: int
    ) -> list[T]:
        """Ask until something is found or the time is over, waiting for a sign in between.

        Args:
            ask: Returns what it found.
            wait: Returns at a sign, or after so many seconds. The signs do not tell everything,
                as when a lease lapses, so it is not given long.
            block_ms: The time.
        """
        until = time.monotonic() + block_ms / 1000
        while True:
            found = ask()
            left_s = until - time.monotonic()
            if found or left_s < 0.001:
                return found
            wait_s = min(left_s, _LONGEST_WAIT_S)
            self.patiently(lambda redis, wait_s=wait_s: wait(redis, wait_s))  # type: ignore[misc]  # bound at once

    def ping(self) -> None:
        """Ask once whether Redis is there.

        Raises:
            BrokerUnavailableError: It is not.
        """
        try:
            self.redis.ping()
        except exceptions.RedisError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close the connections."""
        self.redis.close()


def _connect(address: str) -> Redis:
    try:
        return Redis.from_url(
            address,
            decode_responses=True,
            protocol=2,
            socket_timeout=_REPLY_S,
            socket_connect_timeout=_REPLY_S,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:  # what it says may hold the password
        raise UsageError(
            "bad_setting",
            "REMOCAP_REDIS_URL cannot be read; expected redis://, rediss:// or unix://, e.g. "
            "redis://:password@host:6379/0, with special characters of the password as %XX",
        ) from None


def _unavailable(error: exceptions.RedisError) -> UnavailableError:
    if "No space left" in str(error):
        return StoreFullError(
            "disk_full", f"Redis cannot write what it is told ({mask(str(error))}); free some space"
        )
    return BrokerUnavailableError(
        "redis_unavailable",
        f"Redis does not answer ({mask(str(error))}); expected one of 6.2 or newer at "
        "REMOCAP_REDIS_URL; start it, or wait until it is back",
    )


def _will_pass(error: exceptions.RedisError) -> bool:
    return isinstance(error, _PASSING) or any(word in str(error) for word in _PASSING_WORDS)


def _refusal(error: exceptions.RedisError) -> Exception:
    """Turn what the script returned with redis.error_reply into an error of ours."""
    name, _, message = str(error).partition(" ")
    kind = _REFUSALS.get(name)
    if kind is None:
        return error
    if kind is OverCapacityError:
        code, retry_s, text = message.split(" ", 2)
        return OverCapacityError(code, text, float(retry_s))
    return kind(name.lower(), message)


_REFUSALS: Mapping[str, type[ServiceError]] = {
    "UNKNOWN_JOB": NotFoundError,
    "NOT_READY": NotReadyError,
    "JOB_OVER": JobOverError,
    "LEASE_LOST": LeaseLostError,
    "IDEMPOTENCY_CONFLICT": IdempotencyConflictError,
    "OVER_CAPACITY": OverCapacityError,
}
"""By the first word of the script's errors; the word is the code too."""
