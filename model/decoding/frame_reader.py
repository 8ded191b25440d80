"""Shown frames of a stream with their index and time. Runs in the decoder child."""

import os
from collections.abc import Iterator
from operator import attrgetter

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from model.decoding import demuxer, sandbox
from model.decoding.clock import Clock
from model.decoding.request import Limits
from model.errors import InputError

_MAX_READ_FAILURES = 16
_DAMAGE = (av.error.FFmpegError, OSError)  # the latter where an offset leads out of the file
_THREADS = max(1, min(4, os.cpu_count() or 1))


class FrameReader:
    """Decodes one stream from its start, in presentation order; damage is skipped and counted.

    Args:
        container: Open, and not yet read from.
        stream: The stream of `container` to decode.
        limits: Bounds on size, number and duration; CPU time is granted frame by frame.

    Attributes:
        count: Frames shown so far.
        clock: Their times.
        skipped_packets: Packets that could not be read or decoded.
        at_end: Whether the last frame of the video has been read.
    """

    def __init__(self, container: InputContainer, stream: VideoStream, limits: Limits) -> None:
        rate = demuxer.frame_rate(stream)
        self._container, self._stream, self._limits = container, stream, limits
        # AVI stores decoding times alone; FFmpeg's guess at the others fails for B-frames.
        self._timestamp = attrgetter("dts" if container.format.name == "avi" else "pts")
        self._discarded = 0
        self._resized = False
        self.count = 0
        self.clock = Clock(stream.time_base or 1 / rate, rate)
        self.skipped_packets = 0
        self.at_end = False
        context = stream.codec_context
        context.thread_type, context.thread_count = av.codec.context.ThreadType.AUTO, _THREADS
        context.options = {"max_pixels": str(limits.max_side_px**2)}

    def frames(self, end_s: float | None = None) -> Iterator[tuple[int, float, VideoFrame]]:
        """Yield (index, pts_s, frame) of the frames before `end_s`.

        Raises:
            InputError: `video_too_large`, `video_too_long`.
        """
        size = None
        for frame in self._decoded():
            demuxer.check_size(frame.width, frame.height, self._limits)
            size = size or (frame.width, frame.height)
            self._resized |= size != (frame.width, frame.height)
            pts_s = self.clock.tick(self._timestamp(frame))
            if end_s is not None and pts_s >= end_s:
                return
            if pts_s > self._limits.max_duration_s or self.count >= self._limits.max_frames:
                raise too_long(self._limits)
            sandbox.allow_cpu(self._limits.stall_s * _THREADS)
            self.count += 1
            yield self.count - 1, pts_s, frame
        self.at_end = True

    def notes(self, claimed_s: float | None) -> Iterator[str]:
        """What a reader of the result should know, once frames have been read.

        Args:
            claimed_s: Duration in the header; it is judged where the end was reached.
        """
        if self.skipped_packets:
            yield f"damaged packets skipped: {self.skipped_packets}"
        if self.clock.repaired:
            yield f"{self.clock.repaired} frames with times out of order were put one frame apart"
        if self._resized:
            yield "the picture size changes within the video; every frame was scaled to the first"
        if self.at_end:
            yield from self._missing(claimed_s)

    def _missing(self, claimed_s: float | None) -> Iterator[str]:
        promised = self._stream.frames - self._discarded
        if self.count < promised:
            yield f"the header promises {promised} frames; {self.count} could be decoded"
        if claimed_s and claimed_s > 1.02 * self.clock.end_s + 1:
            yield f"the header claims {claimed_s:.1f} s; the video holds {self.clock.end_s:.1f} s"

    def _decoded(self) -> Iterator[VideoFrame]:
        for _ in range(_MAX_READ_FAILURES):
            try:
                for packet in self._container.demux(self._stream):
                    self._discarded += packet.is_discard
                    try:
                        yield from packet.decode()
                    except _DAMAGE as error:
                        self._count_damage(error)
                return
            except _DAMAGE as error:
                self._count_damage(error)

    def _count_damage(self, error: Exception) -> None:
        if isinstance(error, av.error.MemoryError):
            raise MemoryError
        self.skipped_packets += 1


def too_long(limits: Limits) -> InputError:
    """The error for a video beyond the limits on duration or number of frames."""
    return InputError(
        "video_too_long",
        f"runs past {limits.max_duration_s:g} s or {limits.max_frames} frames, the most allowed; "
        "expected a shorter video; cut it into parts or set an earlier end",
    )
