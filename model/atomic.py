"""A file appears under its name when it is complete, or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.errors import OutputError, RemocapError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def check_place(target: Path) -> None:
    """Refuse a name that no file can be written under, before work is done for it.

    Raises:
        OutputError: `unwritable_output`.
    """
    folder = target.parent
    if os.path.isdir(target):  # noqa: PTH112  pathlib's raises where a name is too long
        reason = f"{target} is a folder; give the name of a file to write"
    elif not os.path.isdir(folder):  # noqa: PTH112
        reason = f"{target} cannot be written: there is no folder {folder}; create it first"
    elif not os.access(folder, os.W_OK | os.X_OK):
        reason = f"{target} cannot be written: {folder} is not yours to write in; choose another"
    else:
        return
    raise OutputError("unwritable_output", reason)


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Hand out a temporary name beside `target`; it becomes `target` when the block ends well.

    The file is flushed to the disk before it is renamed, so that not even a power cut leaves half
    a file under the name. Whatever is raised inside the block removes the temporary file.

    Args:
        target: Where the result will be; a file that is there is replaced at the end.

    Raises:
        OutputError: `disk_full`, or `unwritable_output` for any other reason not to write.
    """
    check_place(target)
    temporary = target.with_name(f".{target.name[:200]}.{secrets.token_hex(6)}.part")
    try:
        with explained(target, "choose another place"):
            temporary.touch(exist_ok=False)
            yield temporary
            _flush(temporary)
            temporary.replace(target)
            _flush(target.parent)
    finally:
        if os.path.lexists(temporary):
            temporary.unlink()


@contextmanager
def explained(place: Path, remedy: str) -> Iterator[None]:
    """Say in a user's terms why the system refuses what is written inside the block.

    Args:
        place: The file or folder that is written.
        remedy: What can be done instead, e.g. `choose another place`.

    Raises:
        OutputError: `disk_full`, or `unwritable_output` for any other reason not to write.
    """
    try:
        yield
    except RemocapError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            message = f"the disk of {place} is full; free some space or {remedy}"
            raise OutputError("disk_full", message) from error
        reason = error.strerror or str(error)
        message = f"{place} cannot be written ({reason}); {remedy}"
        raise OutputError("unwritable_output", message) from error


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
