"""The private Redis: found, started, and of good memory after a crash."""

import shutil
import time
from pathlib import Path

import pytest

from model.errors import UsageError
from service.broker import Broker
from service.errors import BrokerUnavailableError
from service.redis_server import RedisServer, find_redis_server, redis_command
from tests.service.cases import claim, new_job, run_all, seal_all, sealed_job
from tests.service.conftest import PROGRAMS


@pytest.mark.parametrize("release", sorted(PROGRAMS))
def test_crash_of_redis_loses_nothing_it_answered(short_folder: Path, release: str) -> None:
    with RedisServer(short_folder, PROGRAMS[release]) as server:
        broker = Broker(server.address, patience_s=20)
        jobs = [sealed_job(broker, windows=[4, 4]) for _ in range(10)]
        held = broker.started(broker.take("worker-1", jobs[0].model_key, 8))
        broker.commit(held[0], "r", 32)

        server.kill()
        server.start()

        assert broker.commit(held[1], "r2", 32), "the lease outlives the crash"
        run_all(broker)
        states = [broker.status(job.id) for job in jobs]
        assert [status.state for status in states if status] == ["succeeded"] * 10
        broker.close()


def test_call_waits_for_redis_to_come_back(short_folder: Path) -> None:
    with RedisServer(short_folder) as server:
        broker = Broker(server.address, patience_s=20)
        job = new_job()
        broker.submit(job)
        server.kill()
        server.start()

        seal_all(broker, claim(broker).lease, job, [4])

        status = broker.status(job.id)
        assert status is not None
        assert status.clips == 1
        broker.close()


def test_patience_ends(short_folder: Path) -> None:
    broker = Broker(f"unix://{short_folder}/nothing.sock", patience_s=0.2)
    began = time.monotonic()

    with pytest.raises(BrokerUnavailableError, match="REMOCAP_REDIS_URL"):
        broker.status("job")

    assert time.monotonic() - began < 5


def test_incarnation_tells_a_restart_and_an_emptied_redis(short_folder: Path) -> None:
    with RedisServer(short_folder) as server:
        broker = Broker(server.address, patience_s=20)
        first, same = broker.incarnation(), broker.incarnation()
        server.kill()
        server.start()
        restarted = broker.incarnation()
        broker.redis.flushall()
        time.sleep(0.002)  # the mark is a time in milliseconds

        assert first == same
        assert len({first, restarted, broker.incarnation()}) == 3
        broker.close()


def test_server_that_cannot_start_says_why(short_folder: Path) -> None:
    (short_folder / "redis.sock").mkdir()  # so it cannot listen

    with pytest.raises(BrokerUnavailableError, match="did not start") as failed:
        RedisServer(short_folder).start()

    assert "redis.log" in failed.value.message


def test_socket_path_that_is_too_long_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="REMOCAP_DATA_DIR"):
        redis_command(tmp_path / ("long" * 30), Path("redis-server"))


def test_redis_of_the_path_goes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mine = tmp_path / "redis-server"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_redis_server() == mine


def test_redis_of_the_wheel_is_found_where_none_is_on_the_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(shutil, "which", lambda _: None)

    assert find_redis_server().name == "redis-server"
