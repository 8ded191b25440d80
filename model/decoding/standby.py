"""A decoder and what it shares with us; it may start before there is a video for it.

Its imports take 0.1 s, which nobody waits for then.
"""

import os
from contextlib import ExitStack

from model.decoding.decoder_process import DecoderProcess
from model.decoding.feed import Feed, Readable
from model.decoding.request import SLOTS, Limits, Request
from model.decoding.ring import RingReader


class Standby:
    """A decoder's process, and all that it shares with us, for one video; close it.

    Args:
        limits: On the video and on the process.
        video_fd: The video's open file, closed here; unless given the video will be a stream.

    Attributes:
        limits: On the video and on the process.
        process: To be heard once it was asked.
        ring: Holds its pictures.
    """

    def __init__(self, limits: Limits, video_fd: int | None = None) -> None:
        self.limits = limits
        with ExitStack() as opened:
            self._write_fd: int | None = None
            if video_fd is None:
                video_fd, self._write_fd = os.pipe()
            self._video_fd = video_fd
            opened.callback(self._close_pipe)
            try:
                self.ring = RingReader(SLOTS, limits.picture_bytes)
                opened.callback(self.ring.close)
                self.process = DecoderProcess(self._video_fd, self.ring.fd)
                opened.callback(self.process.close)
            finally:
                # The child has its own; a feed ends when no reader is left.
                os.close(self._video_fd)
            self._opened = opened.pop_all()

    def ask(self, window_s: tuple[float, float | None], source: Readable | None) -> Feed | None:
        """Have it decode what is shown from a time on and before another.

        Args:
            window_s: The two, in seconds.
            source: The stream, where it is one.

        Returns:
            What pours the stream into the decoder.
        """
        assert (source is None) == (self._write_fd is None)
        feed = None
        if source is not None and self._write_fd is not None:
            feed, self._write_fd = Feed(source, self._write_fd), None
        request = Request(self._video_fd, feed is not None, self.ring.fd, *window_s, self.limits)
        self.process.ask(request, feed)
        return feed

    def close(self) -> None:
        """End the process and free what it used; a second call does nothing."""
        self._opened.close()

    def _close_pipe(self) -> None:
        if self._write_fd is not None:
            os.close(self._write_fd)
            self._write_fd = None
