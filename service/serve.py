"""`remocap serve`: all roles and a Redis of their own on one machine, under one supervisor.

The Redis has a supervisor to itself, as it must outlive the others, who still have to say to it
what they finished.
"""

import fcntl
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx2
from redis import Redis
from redis.exceptions import RedisError
from rich.console import Console

from model.errors import UsageError
from service.admission import address_to_listen, is_loopback
from service.errors import BrokerUnavailableError
from service.logs import set_up_logs
from service.redis_server import redis_command, wait_for_redis
from service.security_tls import tls_of
from service.settings import Settings
from service.store import Store
from service.supervisor import Child, Supervisor, settings_env, stop_on_signals

READY_S = 600.0
_LOOK_S = 0.2
_REDIS_S = 30.0


def serve(settings: Settings, console: Console) -> int:
    """Run everything until Ctrl-C or SIGTERM; return the exit status.

    Raises:
        UsageError: `already_running`, `no_redis`, or the models cannot be used.
    """
    settings = _quiet(settings)
    set_up_logs("serve", form=settings.log_format, level=settings.log_level)
    with _only_one(settings.data_dir), _redis(settings) as redis_url:
        host = address_to_listen(settings, Store.of(settings))
        tls_of(settings)
        env = settings_env(settings, redis_url=redis_url)
        roles = [_role(name, env) for name in ("api", "media", "worker")]
        supervisor = Supervisor(roles, settings.drain_s)
        stop = stop_on_signals(again=supervisor.kill)
        url = url_of(settings, host)
        said = (settings, url, not is_loopback(host), console, stop)
        threading.Thread(target=_announce, args=said, daemon=True).start()
        status = supervisor.run(stop)
    if status == 0:
        console.print("stopped; jobs that were not done go on at the next start")
    return status


def _quiet(settings: Settings) -> Settings:
    """Say only what is amiss, unless more was asked for: a person looks at this terminal."""
    if "log_level" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"log_level": "warning"})


def _role(name: str, env: dict[str, str]) -> Child:
    return Child(name, [sys.executable, "-m", "service", name], env)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Keep a second one from the same data while the block runs.

    Raises:
        UsageError: `already_running`.
    """
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data_dir / "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                "already_running",
                f"another `remocap serve` works in {data_dir}; end that one, or give this one a "
                "--data-dir of its own",
            ) from None
        yield


@contextmanager
def _redis(settings: Settings) -> Iterator[str]:
    """Run a private Redis while the block runs, unless the settings name another.

    Raises:
        BrokerUnavailableError: `redis_unavailable`, with where its log lies.
    """
    address = settings.redis_address
    if settings.redis_url is not None:
        yield address
        return
    folder = settings.redis_socket.parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _end_orphan(address)
    log = folder / "redis.log"
    child = Child("redis", [*redis_command(folder), "--logfile", str(log)])
    stop = threading.Event()
    keeper = threading.Thread(target=Supervisor([child], _REDIS_S).run, args=(stop,), name="redis")
    keeper.start()
    try:
        if not wait_for_redis(address, _REDIS_S):
            raise BrokerUnavailableError("redis_unavailable", f"redis-server did not start: {log}")
        yield address
    finally:
        stop.set()
        keeper.join()


def _end_orphan(address: str) -> None:
    """End the Redis that a killed predecessor left behind: two must not write one file."""
    if wait_for_redis(address, 0.1):
        with Redis.from_url(address) as redis, suppress(RedisError):
            redis.shutdown()


def url_of(settings: Settings, host: str) -> str:
    """Return where a browser of this machine finds what listens at an address."""
    scheme = "http" if settings.tls_cert is None else "https"
    return f"{scheme}://{_reachable(host)}:{settings.rest_port}"


def _announce(
    settings: Settings, url: str, is_reachable: bool, console: Console, stop: threading.Event
) -> None:
    """Say where to look, once there is something to see."""
    console.print(f"starting; data in {settings.data_dir}", soft_wrap=True)
    until_s = time.monotonic() + READY_S
    while not stop.wait(_LOOK_S) and time.monotonic() < until_s:
        if _is_ready(url):
            console.print(_welcome(url, settings), soft_wrap=True, highlight=False)
            if is_reachable and settings.auth == "none":
                console.print(
                    "[yellow]warning[/yellow] anybody who reaches this address can use it"
                )
            return


def _is_ready(url: str) -> bool:
    with suppress(httpx2.HTTPError, ValueError, KeyError):
        # The certificate is of the name that clients use; this is only to see whether we answer.
        answer = httpx2.get(f"{url}/readyz", timeout=2, verify=False).json()
        return bool(answer["ready"] and any(answer["workers"].values()))
    return False


def _welcome(url: str, settings: Settings) -> str:
    return (
        f"ready at [bold]{url}[/bold], documentation at {url}/docs, "
        f"gRPC at {url.partition('://')[2].rpartition(':')[0]}:{settings.grpc_port}; try\n"
        f"  curl -F video=@clip.mp4 '{url}/v1/reconstruct?wait=300&format=npz' -o clip.npz\n"
        f"  remocap submit clip.mp4 -o clip.glb --server {url}\n"
        "Ctrl-C ends it"
    )


def _reachable(host: str) -> str:
    """Return an address to type in a browser of this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  not bound here
    return f"[{host}]" if ":" in host else host
