"""What children do for practice changes nothing, and tries what a task will need."""

import pytest

from service.broker import Broker
from service.broker_types import MediaTask
from service.errors import UnavailableError
from service.rehearsal import rehearse


def test_nothing_is_left_of_it(broker: Broker) -> None:
    before = sorted(broker.redis.keys("*"))

    begun: list[MediaTask] = []
    rehearse(broker, begun.append)

    assert [task.kind for task in begun] == ["decode"]
    assert sorted(broker.redis.keys("*")) == before


def test_that_redis_is_away_is_told() -> None:
    nowhere = Broker("redis://127.0.0.1:1", patience_s=0)

    with pytest.raises(UnavailableError):
        rehearse(nowhere, lambda _task: None)
