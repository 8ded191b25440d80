"""A job's video as it lies in the store, opened for decoding while it may still be arriving.

Most videos are decoded as they come. An MP4 with its index at the end cannot be, so it is first
written to a temporary file once all of it is there. Which way is taken depends on the bytes alone,
so a job that is run again sees the same frames.
"""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

from model.atomic import explained
from model.decoding.mp4 import index_is_last
from model.errors import InputError
from model.video import Limits, Standby, VideoStream, open_video
from service.messages import JobOptions
from service.store import Store
from service.upload_parts import read_parts


class PartReader:
    """Parts of a video as one stream, for `open_video`.

    Args:
        parts: In order.
    """

    def __init__(self, parts: Iterator[bytes]) -> None:
        self._parts = parts
        self._part = memoryview(b"")

    def read(self, size: int) -> bytes:
        """Between 1 and `size` bytes, waiting for them; none at the end."""
        while not self._part:
            part = next(self._parts, None)
            if part is None:
                return b""
            self._part = memoryview(part)
        data, self._part = self._part[:size], self._part[size:]
        return bytes(data)


def open_upload(
    store: Store,
    job: str,
    folder: Path,
    options: JobOptions,
    limits: Limits,
    wait: Callable[[], None] = lambda: None,
    standby: Standby | None = None,
) -> VideoStream:
    """Open a job's video and decode its first frame.

    Args:
        store: Where it lies.
        job: Whose.
        folder: For a temporary file as large as the video.
        options: Hold the stretch that is wanted.
        limits: Of the video and its decoder.
        wait: Called before the whole of a video is waited for.
        standby: A decoder that has started already, under the same limits; it is closed with the
            video, or before another is started, as one for a whole file must be.

    Raises:
        UploadError: `upload_incomplete`.
        UsageError, InputError: As `open_video`.
        OutputError: The temporary file cannot be written.
    """

    def open_source(source: PartReader | Path) -> VideoStream:
        return open_video(
            source,
            start_s=options.start_s,
            end_s=options.end_s,
            limits=limits,
            name="the video",
            standby=standby if isinstance(source, PartReader) else None,
        )

    parts = read_parts(store, job)
    first = next(parts, b"")
    if not index_is_last(lambda at, size: first[at : at + size]):  # spares a decoder's start
        try:
            return open_source(PartReader(chain([first], parts)))
        except InputError as error:
            if error.code != "needs_whole_file":
                raise
    if standby is not None:
        standby.close()
    wait()
    return open_source(_save(store, job, folder / "video"))


def _save(store: Store, job: str, path: Path) -> Path:
    """Write a whole video to a file, a part at a time."""
    with explained(path, "choose another TMPDIR"), path.open("wb") as file:
        for part in read_parts(store, job):
            file.write(part)
    return path
