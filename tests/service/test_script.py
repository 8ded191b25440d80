"""What Redis refuses for a while is waited for, and then named."""

import threading
import time

import pytest
from redis.exceptions import ResponseError

from service.broker import LUA, Broker
from service.errors import BrokerUnavailableError, StoreFullError
from service.script import Script
from tests.service.cases import new_job


def test_a_redis_that_may_not_write_is_told_as_unavailable(any_broker: Broker) -> None:
    any_broker.redis.config_set("min-replicas-to-write", 1)

    try:
        with pytest.raises(BrokerUnavailableError) as caught:
            any_broker.submit(new_job())
    finally:
        any_broker.redis.config_set("min-replicas-to-write", 0)

    assert caught.value.code == "redis_unavailable"


def test_a_redis_that_may_write_again_in_time_is_waited_for(broker: Broker) -> None:
    broker.redis.config_set("min-replicas-to-write", 1)
    later = threading.Timer(0.3, broker.redis.config_set, ("min-replicas-to-write", 0))
    later.start()
    begun_s = time.monotonic()

    submitted = broker.submit(new_job())

    later.join()
    assert submitted.created
    assert time.monotonic() - begun_s >= 0.3


def test_a_redis_without_room_is_told_from_one_that_is_away(redis_address: str) -> None:
    script = Script(redis_address, LUA, {}, patience_s=0.1)

    def ask(_: object) -> None:
        raise ResponseError("MISCONF Errors writing to the AOF file: No space left on device")

    with pytest.raises(StoreFullError, match="free some space") as raised:
        script.patiently(ask)

    script.close()
    assert raised.value.code == "disk_full"
