"""The password of Redis: made once, known to both sides, replaced only when asked."""

import subprocess
from pathlib import Path

import pytest
from redis import Redis, exceptions

from service.redis_server import find_redis_server, wait_for_redis
from service.settings import load_settings
from tests.load.fleet import free_port

ROOT = Path(__file__).resolve().parents[2]


def first_start(folder: Path, password: str = "", place: str = "redis:6379") -> int:
    """Run the script; its exit status."""
    done = subprocess.run(
        ["sh", str(ROOT / "deploy/redis/first-start.sh"), str(folder), place],
        env={"PATH": "/usr/bin:/bin", "REMOCAP_REDIS_PASSWORD": password},
        capture_output=True,
        check=False,
    )
    return done.returncode


def test_it_is_long_and_random_and_lasts(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        assert first_start(folder) == 0
    made = (one / "redis.conf").read_text()
    assert first_start(one) == 0

    assert (one / "redis.conf").read_text() == made
    assert made != (other / "redis.conf").read_text()
    assert len(made.split()[1]) == 48


def test_ones_own_replaces_it(tmp_path: Path) -> None:
    first_start(tmp_path)

    assert first_start(tmp_path, "my-own_1") == 0
    assert (tmp_path / "redis.conf").read_text() == "requirepass my-own_1\n"


def test_one_that_no_url_can_hold_is_refused(tmp_path: Path) -> None:
    assert first_start(tmp_path, "a b@c") == 2
    assert list(tmp_path.iterdir()) == []


def test_the_program_reads_it_and_redis_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, config = free_port(), tmp_path / "redis-all.conf"
    first_start(tmp_path, place=f"127.0.0.1:{port}")
    text = (ROOT / "deploy/redis/redis.conf").read_text()
    config.write_text(text.replace("/secrets", str(tmp_path)).replace("/data", str(tmp_path)))
    command = [str(find_redis_server()), str(config), "--port", str(port)]
    monkeypatch.setenv("REMOCAP_SECRETS_DIR", str(tmp_path))

    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            assert wait_for_redis(load_settings().redis_address, 30, server)
            with (
                Redis.from_url(f"redis://127.0.0.1:{port}") as stranger,
                pytest.raises(exceptions.AuthenticationError),
            ):
                stranger.ping()
        finally:
            server.terminate()
