"""What Redis refuses for a while is waited for, and then named."""

import threading
import time

import pytest

from service.broker import Broker
from service.errors import BrokerUnavailableError
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
