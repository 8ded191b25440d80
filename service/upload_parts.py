"""A video on its way into the store and out of it: numbered parts, and how it ended.

Neither side ever holds more than one part. A reader may start before the writer has ended.
"""

import time
from collections.abc import Callable, Iterator

from service.store import Store

PART_BYTES = 8 * 2**20
PART_S = 1.0


class PartWriter:
    """Writes a job's video as it arrives.

    Args:
        store: Where to.
        job: Whose.
        clock: Seconds, rising.
    """

    def __init__(self, store: Store, job: str, clock: Callable[[], float] = time.monotonic) -> None:
        raise NotImplementedError

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Take bytes; a part is written once it holds 8 MB, or its first byte is 1 s old.

        Raises:
            StoreFullError, StoreUnavailableError: As `Store.put`.
        """
        raise NotImplementedError

    def close(self) -> int:
        """Write what is left and the end, and return the size in bytes."""
        raise NotImplementedError

    def abort(self, code: str) -> None:
        """Say that the rest will not come."""
        raise NotImplementedError


def read_parts(
    store: Store,
    job: str,
    stall_s: float = 60,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[bytes]:
    """Yield a job's video part by part, waiting for those that are still to come.

    Raises:
        UploadError: `upload_incomplete` where it was aborted, or nothing came for `stall_s`.
    """
    raise NotImplementedError
