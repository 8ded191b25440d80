"""Folders for temporary files that go with the process that made them, however it ends.

Each is locked as long as its maker lives, so whoever comes later can tell the ones left behind.
"""

import fcntl
import os
import shutil
import tempfile
import time
from contextlib import suppress
from pathlib import Path

_PREFIX = "remocap-scratch-"
_LOCK = ".lock"
_SETTLE_S = 60.0  # a younger folder may not be locked yet


class Scratch:
    """A new folder, to be closed when it is of no use any more.

    Attributes:
        path: Where it is.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = os.open(self.path / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def close(self) -> None:
        """Delete the folder with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep_scratch() -> int:
    """Delete folders whose makers have gone without closing them; return how many."""
    swept = 0
    for path in Path(tempfile.gettempdir()).glob(_PREFIX + "*"):
        with suppress(OSError):  # gone meanwhile, or not ours to delete
            if time.time() - path.stat().st_mtime > _SETTLE_S and not _is_locked(path / _LOCK):
                shutil.rmtree(path)
                swept += 1
    return swept


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
