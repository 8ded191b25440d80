"""Videos as frames, decoded in a child process that cannot harm or outlive us.

    with open_video("clip.mp4") as video:
        for frame in video:
            ...

Frames have true presentation times and appear as a player shows them: rotated, with square
pixels, in 8-bit RGB. At most a few are in flight, so memory does not grow with the video.
"""

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from math import inf, prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from model.decoding.decoder_process import crashed, one_line
from model.decoding.feed import Readable
from model.decoding.request import SLOTS, Limits
from model.decoding.standby import Standby
from model.errors import InputError, UsageError
from model.types import Frame, VideoInfo

T = TypeVar("T")

__all__ = ["Limits", "Standby", "VideoStream", "open_video"]


def open_video(
    source: str | Path | Readable,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    limits: Limits | None = None,
    name: str | None = None,
    standby: Standby | None = None,
) -> "VideoStream":
    """Open a video and decode its first frame.

    Args:
        source: A file, or an object with `read(n)` that gives bytes as they arrive. The latter
            stays the caller's to close, and is never sought in.
        start_s: Deliver frames shown from here on, in seconds from the first shown frame.
        end_s: Deliver frames shown before this.
        limits: Bounds on video and decoder.
        name: What errors call the video; its path, unless given.
        standby: A decoder that has started already, for a stream, under limits of its own; it is
            closed with the video, or where that cannot be opened. One that has died is replaced.

    Raises:
        UsageError: `bad_time_range`.
        InputError: `video_not_found`, `video_unreadable`, `empty_video`, `not_a_video`,
            `no_video_stream`, `undecodable_video`, `video_too_large`, `video_too_long`,
            `decoder_crashed`, `decoder_limit`; `needs_whole_file` where a growing MP4 has its
            index at the end: save it to a file and open that.
    """
    if not 0 <= (start_s or 0) < (inf if end_s is None else end_s):
        if standby is not None:
            standby.close()
        raise UsageError(
            "bad_time_range",
            f"start {start_s} s and end {end_s} s; expected 0 <= start < end; change one of them",
        )
    window = (start_s or 0.0, end_s)
    if isinstance(source, str | Path):
        assert standby is None, "a file needs a decoder of its own"
        name = one_line(name or source)
        standby = Standby(limits or Limits(), _open_file(Path(source), name))
        return VideoStream(name, standby, window)
    if standby is not None and standby.process.has_died:
        limits = standby.limits
        standby.close()
        standby = None
    standby = standby or Standby(limits or Limits())
    return VideoStream(name or "the video", standby, window, source)


class VideoStream:
    """An open video: iterate once for its frames, and close it, best with `with`.

    Attributes:
        info: What is known of the video; width and height are those of every frame.
        notes: What a reader of the result should know; complete once iteration has ended.
        defences: What the system keeps the decoder from doing (`model.decoding.sandbox`).
    """

    info: VideoInfo
    defences: tuple[str, ...]

    def __init__(
        self,
        name: str,
        standby: Standby,
        window_s: tuple[float, float | None],
        source: Readable | None = None,
    ) -> None:
        self.notes: list[str] = []
        self._name, self._ring, self._decoder = name, standby.ring, standby.process
        with ExitStack() as opened:
            opened.callback(standby.close)
            self._feed = standby.ask(window_s, source)
            with self._errors_named():
                self._receive_info(standby.limits)
            self._opened = opened.pop_all()

    @property
    def pid(self) -> int:
        """Process id of the decoder."""
        return self._decoder.pid

    def __enter__(self) -> "VideoStream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the decoder and free what it used; a second call does nothing."""
        self._opened.close()

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames in presentation order.

        Raises:
            InputError: As `open_video`; `no_frame_in_range` where the window holds none.
        """
        while (frame := self._next_frame()) is not None:
            yield frame

    def _next_frame(self) -> Frame | None:
        with self._errors_named():
            while (message := self._decoder.receive())["kind"] != "end":
                if message["kind"] == "note":
                    self.notes.append(one_line(message["text"]))
                elif message["kind"] == "frame":
                    return self._take(message)
        if self._feed and self._feed.error:
            raise self._feed.error
        return None

    def _take(self, message: dict[str, Any]) -> Frame:
        shape = (self.info.height, self.info.width, 3)
        rgb = np.frombuffer(self._ring.take(prod(shape)), np.uint8).reshape(shape)
        self._decoder.free(1)
        return Frame(int(message["index"]), float(message["pts_s"]), rgb)

    def _receive_info(self, limits: Limits) -> None:
        message = self._decoder.receive()
        self.defences = tuple(map(one_line, message["defences"]))
        self.info = VideoInfo(
            width=int(message["width"]),
            height=int(message["height"]),
            fps=_stated(float, message["fps"]),
            duration_s=_stated(float, message["duration_s"]),
            frame_count=_stated(int, message["frame_count"]),
        )
        if not all(0 < side <= limits.max_side_px for side in (self.info.width, self.info.height)):
            raise crashed("stated an impossible size")
        self._decoder.free(SLOTS)

    @contextmanager
    def _errors_named(self) -> Iterator[None]:
        """Say which video an error is about; blame a broken upload on the upload."""
        try:
            yield
        except (InputError, KeyError, TypeError, ValueError, ArithmeticError, EOFError) as error:
            if self._feed and self._feed.error:
                raise self._feed.error from None
            known = error if isinstance(error, InputError) else crashed("sent nonsense")
            raise InputError(known.code, f"{self._name} {known.message}") from None


def _stated(kind: Callable[[Any], T], value: object) -> T | None:
    return None if value is None else kind(value)


def _open_file(path: Path, name: str) -> int:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise InputError(
            "video_not_found", f"{name} does not exist; expected a video file; check the path"
        ) from None
    except OSError as error:
        raise _unreadable(name, f"cannot be opened ({error.strerror})") from None
    status = os.fstat(fd)
    if stat.S_ISREG(status.st_mode) and status.st_size > 0:
        return fd
    os.close(fd)
    if stat.S_ISREG(status.st_mode):
        raise InputError(
            "empty_video", f"{name} holds 0 bytes; expected a video; copy or record it again"
        )
    kind = "is a directory" if stat.S_ISDIR(status.st_mode) else "is no regular file"
    raise _unreadable(name, kind)


def _unreadable(name: str, why: str) -> InputError:
    return InputError(
        "video_unreadable", f"{name} {why}; expected a readable video file; check path and rights"
    )
