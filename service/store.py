"""Where videos, clips and results lie: a folder or S3, through obstore.

    jobs/<job>/job.json                 Job; written before the request that made it is answered
    jobs/<job>/upload/<n:06>.part       the video, in parts of 8 MB or 1 s
    jobs/<job>/upload/end.json          {"parts", "bytes"}, or {"aborted": code}
    jobs/<job>/clips/<clip>.safetensors inputs and observations; deleted after the commit
    jobs/<job>/results/<clip>.<attempt>.safetensors   the committed one is named in Redis, and in
                                        done.json; what another attempt left is never read
    jobs/<job>/frames/<n:06>.json       times of decoded frames, in blocks, as they are decoded
    jobs/<job>/video.json               size and rate, once the video is open; with notes and
                                        frame_count, once decoding is done
    jobs/<job>/done.json                Done; written by `service.reconciler` when the job is over
    jobs/<job>/exports/<export>.<ending>
    keys/<id>.json                      ApiKey; revoked ones stay
    keys/links.secret                   signs share links; made once
    keys/webhooks.secret                signs webhooks; made once
    probe                               written and read by roles that say whether they are ready

An object is visible once it is whole. A job that failed, or was deleted, keeps `job.json` and
`done.json` alone until it is too old.
"""

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore, from_url

from model.errors import UsageError
from service.errors import StoreFullError, StoreUnavailableError
from service.security_masks import mask
from service.settings import Settings

KEYS = "keys/"
_PROBE = "probe"
_NO_ROOM = ("StorageFull", "QuotaExceeded", "os error 122", "507", "XMinioStorageFull")


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
        try:
            _make_private(address)
            self._store: ObjectStore = from_url(address, **_options(address))
        except (ValueError, OSError, BaseError) as error:
            raise UsageError(
                "bad_setting",
                f"REMOCAP_STORE_URL cannot be used ({_first_line(error)}); expected "
                "s3://bucket/prefix or file:///folder",
            ) from error

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The store that the settings name."""
        return cls(settings.store_address)

    def put(self, path: str, data: bytes | bytearray | memoryview) -> None:
        """Write an object, replacing one of that path."""
        with _told_as_ours():
            self._store.put(path, data, use_multipart=False)

    def create(self, path: str, data: bytes) -> bool:
        """Write an object unless there is one of that path; whether there was none."""
        with _told_as_ours():
            try:
                self._store.put(path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def put_file(self, path: str, file: str) -> None:
        """Write an object from a file of any size."""
        with _told_as_ours():
            # Pieces of 5 MiB, two at a time: what a dozen would hold is memory of the process.
            self._store.put(path, Path(file), use_multipart=True, max_concurrency=2)

    def get(self, path: str) -> bytes:
        """Read an object.

        Raises:
            FileNotFoundError: There is none.
        """
        with _told_as_ours():
            return bytes(self._store.get(path).bytes())

    def get_range(self, path: str, start: int, end: int) -> bytes:
        """Read the bytes [start, end) of an object.

        Raises:
            FileNotFoundError: There is none.
        """
        with _told_as_ours():
            return bytes(self._store.get_range(path, start=start, end=end))

    def stream(self, path: str, chunk_bytes: int = 2**20) -> Iterator[bytes]:
        """Read an object of any size, a piece at a time.

        Raises:
            FileNotFoundError: There is none.
        """
        with _told_as_ours():
            for chunk in self._store.get(path).stream(min_chunk_size=chunk_bytes):
                yield bytes(chunk)

    def size(self, path: str) -> int | None:
        """Return an object's size in bytes, or None where there is none."""
        with _told_as_ours():
            try:
                return self._store.head(path)["size"]
            except FileNotFoundError:
                return None

    def entries(self, prefix: str) -> Iterator[Entry]:
        """Yield all objects below a prefix, which ends at a slash of their paths."""
        with _told_as_ours():
            for page in self._store.list(prefix):
                for found in page:
                    modified_s = found["last_modified"].timestamp()
                    yield Entry(found["path"], found["size"], modified_s)

    def job_ids(self) -> list[str]:
        """Return the ids of all jobs that have something in the store."""
        with _told_as_ours():
            folders = self._store.list_with_delimiter("jobs/")["common_prefixes"]
        return sorted(folder.rsplit("/", 1)[-1] for folder in folders)

    def delete(self, *paths: str) -> None:
        """Delete objects; those that are not there do not matter."""
        with _told_as_ours():
            for path in paths:
                with suppress(FileNotFoundError):
                    self._store.delete(path)

    def delete_below(self, prefix: str, keep: Collection[str] = ()) -> int:
        """Delete all objects below a prefix but those kept, and return how many."""
        doomed = [entry.path for entry in self.entries(prefix) if entry.path not in keep]
        self.delete(*doomed)
        return len(doomed)

    def probe(self) -> None:
        """Write and read a small object; for readiness."""
        self.put(_PROBE, b"remocap")
        self.get(_PROBE)

    def reach(self) -> None:
        """Ask for something, so that the connection is there when it is needed."""
        self.size(_PROBE)


def _make_private(address: str) -> None:
    """Make a store's folder one that this user alone can read; one that is there stays as it is."""
    if address.startswith("file:"):
        folder = Path(url2pathname(urlsplit(address).path))
        folder.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)


def _options(address: str) -> dict[str, Any]:
    if address.startswith("file:"):
        return {"mkdir": True, "automatic_cleanup": True}
    return {
        "retry_config": {"max_retries": 5, "retry_timeout": timedelta(seconds=30)},
        # Given here, they take the place of what the library itself would read of AWS_ALLOW_HTTP.
        "client_options": {
            "timeout": "60s",
            "connect_timeout": "5s",
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true",
        },
    }


@contextmanager
def _told_as_ours() -> Iterator[None]:
    """Turn the library's errors into ours; that an object is not there stays FileNotFoundError."""
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        if any(word in str(error) for word in _NO_ROOM):
            raise StoreFullError(
                "disk_full", "no room is left in the store; delete jobs, or make it larger"
            ) from error
        raise StoreUnavailableError(
            "store_unavailable",
            f"the store does not answer ({_first_line(error)}); check REMOCAP_STORE_URL and what "
            "it names",
        ) from error


def _first_line(error: Exception) -> str:
    return mask(str(error).partition("\n")[0])


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


def key_path(key_id: str) -> str:
    """Where an `ApiKey` lies."""
    return f"{KEYS}{key_id}.json"


def links_path() -> str:
    """Where the secret lies that signs links."""
    return f"{KEYS}links.secret"


def webhooks_path() -> str:
    """Where the secret lies from which those of webhooks are made."""
    return f"{KEYS}webhooks.secret"
