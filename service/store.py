"""Where videos, clips and results lie: a folder or S3, through obstore.

    jobs/<job>/job.json                 Job; written before the job is accepted
    jobs/<job>/upload/<n:06>.part       the video, in parts of 8 MB or 1 s
    jobs/<job>/upload/end.json          {"parts", "bytes"}, or {"aborted": code}
    jobs/<job>/clips/<clip>.safetensors inputs and observations; deleted after the commit
    jobs/<job>/results/<clip>.<attempt>.safetensors   the committed one is named in Redis, and in
                                        done.json; what another attempt left is never read
    jobs/<job>/frames/<n:06>.json       times of decoded frames, in blocks, as they are decoded
    jobs/<job>/video.json               size, rate, notes, frame_count; once decoding is done
    jobs/<job>/done.json                Done; written by `service.reconciler` when the job is over
    jobs/<job>/exports/<export>.<ending>

An object is visible once it is whole. A job that failed, or was deleted, keeps `job.json` and
`done.json` alone until it is too old.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

from service.settings import Settings


class Entry(NamedTuple):
    """An object: its path, size, and when it was written (seconds since 1970)."""

    path: str
    size_bytes: int
    modified_s: float


class Store:
    """Objects by path. Safe to share among threads.

    Args:
        address: `file:///folder` or `s3://bucket/prefix`.

    Every method may raise StoreUnavailableError, and those that write StoreFullError.
    """

    def __init__(self, address: str) -> None:
        raise NotImplementedError

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The store that the settings name."""
        return cls(settings.store_address)

    def put(self, path: str, data: bytes | bytearray | memoryview) -> None:
        """Write an object, replacing one of that path."""
        raise NotImplementedError

    def put_file(self, path: str, file: str) -> None:
        """Write an object from a file of any size."""
        raise NotImplementedError

    def get(self, path: str) -> bytes:
        """Read an object.

        Raises:
            FileNotFoundError: There is none.
        """
        raise NotImplementedError

    def get_range(self, path: str, start: int, end: int) -> bytes:
        """Read the bytes [start, end) of an object.

        Raises:
            FileNotFoundError: There is none.
        """
        raise NotImplementedError

    def stream(self, path: str, chunk_bytes: int = 2**20) -> Iterator[bytes]:
        """Read an object of any size, a piece at a time.

        Raises:
            FileNotFoundError: There is none.
        """
        raise NotImplementedError

    def size(self, path: str) -> int | None:
        """Return an object's size in bytes, or None where there is none."""
        raise NotImplementedError

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix, which ends at a slash of their paths."""
        raise NotImplementedError

    def job_ids(self) -> list[str]:
        """Return the ids of all jobs that have something in the store."""
        raise NotImplementedError

    def delete(self, *paths: str) -> None:
        """Delete objects; those that are not there do not matter."""
        raise NotImplementedError

    def delete_below(self, prefix: str, keep: tuple[str, ...] = ()) -> int:
        """Delete all objects below a prefix but those kept, and return how many."""
        raise NotImplementedError

    def probe(self) -> None:
        """Write and read a small object; for readiness."""
        raise NotImplementedError


def job_path(job: str) -> str:
    """Where a job's `Job` lies."""
    return f"jobs/{job}/job.json"


def done_path(job: str) -> str:
    """Where a job's `Done` lies."""
    return f"jobs/{job}/done.json"


def part_path(job: str, part: int) -> str:
    """Where a part of the video lies, from 0."""
    return f"jobs/{job}/upload/{part:06}.part"


def end_path(job: str) -> str:
    """Where it says how the upload ended."""
    return f"jobs/{job}/upload/end.json"


def clip_path(job: str, clip: str) -> str:
    """Where the inputs of a clip lie."""
    return f"jobs/{job}/clips/{clip}.safetensors"


def result_path(job: str, clip: str, attempt: str) -> str:
    """Where an attempt's result of a clip lies; `attempt` holds no slash and is used once."""
    return f"jobs/{job}/results/{clip}.{attempt}.safetensors"


def frames_path(job: str, block: int) -> str:
    """Where a block of decoded frames' times lies, from 0."""
    return f"jobs/{job}/frames/{block:06}.json"


def video_path(job: str) -> str:
    """Where the facts of the whole video lie."""
    return f"jobs/{job}/video.json"


def export_path(job: str, export: str, ending: str) -> str:
    """Where an export lies."""
    return f"jobs/{job}/exports/{export}.{ending}"
