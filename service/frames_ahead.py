"""A video opened and decoded in a thread, so that who waits for its frames can do something else.

Holds two frames at most. Knows no queue and no store.
"""

from collections.abc import Callable, Iterator
from queue import Empty, Full, Queue
from threading import Event, Thread

from model.types import Frame, VideoInfo
from model.video import VideoStream

_SOON_S = 0.02  # until a frame counts as late
_LOOK_S = 0.2
_CLOSE_S = 1.0
_AHEAD = 2  # frames

Item = VideoInfo | Frame | tuple[str, ...] | BaseException
"""What the thread passes on: the video's size, frames, at the end its notes; or what it raised."""


class FramesAhead:
    """Frames of a video that may not even be open yet; close it, best with `with`.

    Args:
        open_stream: Opens the video, which is closed here.
        idle: Called again and again, at least five times a second, while no frame is ready.

    Attributes:
        info: What is known of the video.
        notes: What a reader of the result should know; complete once iteration has ended.

    Raises:
        Exception: Whatever `open_stream` raises; iterating, whatever its frames do.
    """

    def __init__(self, open_stream: Callable[[], VideoStream], idle: Callable[[], None]) -> None:
        self.notes: tuple[str, ...] = ()
        self._open_stream, self._idle = open_stream, idle
        self._items: Queue[Item] = Queue(_AHEAD)
        self._closed = Event()
        self._thread = Thread(target=self._run, name="frames-ahead", daemon=True)
        self._thread.start()
        info = self._next()
        assert isinstance(info, VideoInfo)
        self.info = info

    def __enter__(self) -> "FramesAhead":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Have the thread close the video; wait for that unless it waits for the video itself."""
        self._closed.set()
        self._thread.join(_CLOSE_S)

    def __iter__(self) -> Iterator[Frame]:
        """Yield frames in presentation order."""
        while isinstance(item := self._next(), Frame):
            yield item
        assert isinstance(item, tuple)
        self.notes = item

    def _next(self) -> Item:
        wait_s = _SOON_S
        while True:
            try:
                item = self._items.get(timeout=wait_s)
            except Empty:
                self._idle()
                wait_s = _LOOK_S
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def _run(self) -> None:
        try:
            with self._open_stream() as video:
                self._put(video.info)
                for frame in video:
                    if self._closed.is_set():
                        return
                    self._put(frame)
                self._put(tuple(video.notes))
        except BaseException as error:  # it is raised again where the frames are wanted
            self._put(error)

    def _put(self, item: Item) -> None:
        while not self._closed.is_set():
            try:
                self._items.put(item, timeout=_LOOK_S)
            except Full:
                continue
            return
