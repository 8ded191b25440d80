"""A newborn says that it is ready, and is told from one that has died."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import psutil
import pytest

from service.media_process import Newborn
from service.nursery import Nursery
from tests.load.fleet import wait_for

Bear = Callable[[str], Newborn]


@pytest.fixture
def bear(redis_address: str) -> Iterator[Bear]:
    """Have a child born that is to use a store of this address."""
    with ExitStack() as stack:

        def born(store: str) -> Newborn:
            env = {"REMOCAP_REDIS_URL": redis_address, "REMOCAP_STORE_URL": store}
            nursery = stack.enter_context(closing(Nursery(env)))
            wait_for(lambda: nursery.is_ready(0.5), 60)
            return stack.enter_context(closing(Newborn(nursery)))

        yield born


def test_one_that_dies_is_not_ready_any_more(bear: Bear, tmp_path: Path) -> None:
    newborn = bear((tmp_path / "store").as_uri())
    wait_for(lambda: newborn.is_ready(0.5), 30)
    assert not newborn.has_died

    os.kill(newborn.pid, 9)

    wait_for(lambda: newborn.has_died, 10)
    assert not newborn.is_ready(0)


def test_one_that_has_time_starts_its_decoder_before_there_is_a_video(
    bear: Bear, tmp_path: Path
) -> None:
    newborn = bear((tmp_path / "store").as_uri())
    wait_for(lambda: newborn.is_ready(0.5), 30)
    child = psutil.Process(newborn.pid)
    assert child.children() == []

    newborn.prepare()
    newborn.prepare()
    wait_for(lambda: bool(child.children()), 10)
    (decoder,) = child.children()
    child.kill()

    psutil.wait_procs([decoder], 10)
    assert not decoder.is_running() or decoder.status() == psutil.STATUS_ZOMBIE


def test_one_without_a_store_ends_before_it_has_a_task(bear: Bear, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    newborn = bear((tmp_path / "file" / "store").as_uri())

    wait_for(lambda: newborn.has_died, 30)


def test_one_whose_store_does_not_answer_is_not_ready(
    bear: Bear, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
            monkeypatch.setenv(name, "any")

        newborn = bear("s3://bucket/prefix")

        assert not newborn.is_ready(2)
        assert not newborn.has_died
