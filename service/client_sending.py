"""A video on its way from a client into a gRPC call."""

import stat
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from pathlib import Path

import grpc
from anyio.to_thread import run_sync

from model.errors import InputError
from service.client_messages import StreamOptions
from service.pb.remocap.v1 import reconstruction_pb2 as pb

Video = Path | Iterable[bytes] | AsyncIterator[bytes]
PIECE_BYTES = 2**16


class Sending:
    """A video on its way out.

    Attributes:
        call: Whose messages it becomes.
        done: Whether all of it went.
    """

    def __init__(self, video: Video, options: StreamOptions) -> None:
        self._video, self._options = video, options
        self._error: BaseException | None = None
        self.call: grpc.aio.Call | None = None
        self.done = False

    async def messages(self) -> AsyncGenerator[pb.ReconstructRequest, None]:
        """Yield what is sent."""
        try:
            size = size_of(self._video) if isinstance(self._video, Path) else None
            yield pb.ReconstructRequest(options=self._options.message(size))
            if not await self._is_wanted():
                return
            async for piece in _pieces(self._video):
                for start in range(0, len(piece), PIECE_BYTES):
                    yield pb.ReconstructRequest(data=piece[start : start + PIECE_BYTES])
            self.done = True
        except Exception as error:
            self._error = error  # gRPC would only log it
            raise

    async def _is_wanted(self) -> bool:
        """Wait until the server has admitted the options; False where it refuses."""
        assert self.call is not None
        await self.call.initial_metadata()
        return not self.call.done()

    def check(self) -> None:
        """Raise what the video's source raised."""
        if self._error is not None:
            raise self._error


def size_of(video: Path) -> int:
    """Return how many bytes a video file has.

    Raises:
        InputError: `video_not_found`; `video_unreadable`, also where it is no file.
    """
    try:
        status = video.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            "video_not_found", f"{video} does not exist; expected a video file; check the path"
        ) from None
    except OSError as error:
        raise _unreadable(video, f"cannot be looked at ({error.strerror})") from None
    if not stat.S_ISREG(status.st_mode):
        raise _unreadable(video, "is no file")
    return status.st_size


def _unreadable(video: Path, why: str) -> InputError:
    return InputError(
        "video_unreadable", f"{video} {why}; expected a readable video file; check path and rights"
    )


async def _pieces(video: Video) -> AsyncGenerator[bytes, None]:
    if isinstance(video, Path):
        with video.open("rb") as file:
            while piece := await run_sync(file.read, 4 * PIECE_BYTES):
                yield piece
    elif isinstance(video, AsyncIterator):
        async for piece in video:
            yield piece
    else:
        source = iter(video)
        while (more := await run_sync(lambda: next(source, None))) is not None:
            yield more
