"""What children do for practice changes nothing, and tries what a task will need."""

import threading
from io import BytesIO
from pathlib import Path

import pytest

from service.broker import Broker
from service.broker_types import Lease, MediaTask
from service.errors import UnavailableError
from service.eyes import Eyes
from service.media_child import Child, Means, practise
from service.media_link import Link
from service.media_tools import Tools
from service.rehearsal import rehearse
from service.settings import Settings
from service.store import Store


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


def test_one_that_is_slow_neither_speaks_nor_ends_the_child(
    settings: Settings, broker: Broker, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, sink, ended = BytesIO(), BytesIO(), list[int]()
    link = Link(source, sink, ended.append)
    renewed = threading.Semaphore(0)
    renew = Broker.renew_task

    def renewing(pulse: Broker, lease: Lease) -> bool:
        renewed.release()
        return renew(pulse, lease)

    def slow(_child: Child, _folder: Path) -> None:
        assert renewed.acquire(timeout=10)

    monkeypatch.setattr(Broker, "renew_task", renewing)
    monkeypatch.setattr(Child, "begin_decoding", slow)
    tools = Tools(settings, Eyes.load(), lambda: 1)

    rehearse(
        broker,
        lambda task: practise(link, settings, Means(broker, broker, store), task, tools),
    )

    assert sink.getvalue() == b""
    assert ended == []
