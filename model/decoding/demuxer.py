"""Opens a container and picks the stream that is the video. Runs in the decoder child.

Knows the formats phones, cameras and screen recorders write. Formats that name other files, such
as playlists and image sequences, are refused by name.
"""

import io
import os
import re
from fractions import Fraction

import av
import av.logging
import av.subtitles.codeccontext  # PyAV would load these late, when no file may be opened
import av.subtitles.stream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from model.decoding import mp4
from model.decoding.feed import Readable
from model.decoding.request import Limits
from model.errors import InputError

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif"
_MARKS = (  # offset and bytes that tell a broken video from something else
    (0, b"\x1aE\xdf\xa3"),
    (0, b"RIFF"),
    (0, b"OggS"),
    (0, b"FLV"),
    (0, b"0&\xb2u"),
    (0, b"GIF8"),
    (0, b"\0\0\1\xba"),
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"free"),
    (4, b"wide"),
    (4, b"skip"),
    (188, b"G"),
)
_HEAD_BYTES = 192
_PEEK_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 18
_DEFAULT_RATE = Fraction(25)


class GrowingSource:
    """A pipe of bytes still arriving: it can be looked into from the start, not sought in."""

    def __init__(self, pipe: Readable) -> None:
        self._pipe = pipe
        self._ahead = b""

    def peek_at(self, offset: int, size: int) -> bytes:
        """Bytes from `offset` on, before any have been read; fewer at the end or far inside."""
        end = min(offset + size, _PEEK_BYTES)
        while len(self._ahead) < end and (more := self._pipe.read(end - len(self._ahead))):
            self._ahead += more
        return self._ahead[offset:end]

    def read(self, size: int) -> bytes:
        """What was looked at, then what the pipe gives."""
        if not self._ahead:
            return self._pipe.read(size)
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


def open_growing(source: GrowingSource, limits: Limits) -> InputContainer:
    """Open a container from bytes that are still arriving.

    Raises:
        InputError: As `open_file`; `empty_video`; `needs_whole_file` where the index lies
            behind the pictures.
    """
    head = source.peek_at(0, _HEAD_BYTES)
    if not head:
        raise InputError("empty_video", "holds 0 bytes; expected a video; send it again")
    if mp4.index_is_last(source.peek_at):
        raise InputError(
            "needs_whole_file",
            "is an MP4 whose index comes last; expected one made for streaming; "
            "save the whole file first, or make it with -movflags +faststart",
        )
    return _open(source, head, limits)


def open_file(file: io.RawIOBase, limits: Limits) -> InputContainer:
    """Open a container from a file that can be sought in.

    Raises:
        InputError: `not_a_video`, `undecodable_video` or `video_too_large`.
    """
    head = os.pread(file.fileno(), _HEAD_BYTES, 0)
    file.seek(0)
    return _open(file, head, limits)


def _open(source: object, head: bytes, limits: Limits) -> InputContainer:
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as said:
            container = av.open(
                source,
                mode="r",
                container_options={"format_whitelist": FORMATS, "protocol_whitelist": "none"},
                metadata_errors="replace",
                buffer_size=_BUFFER_BYTES,
            )
    except av.error.MemoryError:
        raise MemoryError from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise _unusable(head, said[0][2] if said else str(error)) from error
    finally:
        av.logging.set_level(None)  # decoder threads must not wait for Python to log
    for _, _, text in said if not _has_size(container) else ():
        # FFmpeg forgets a size it cannot bear, and would only say that nothing decodes.
        if match := re.match(r"Picture size (\d+)x(\d+) is invalid", text):
            check_size(int(match[1]), int(match[2]), limits)
    return container


def _has_size(container: InputContainer) -> bool:
    return any(s.width for s in container.streams.video if s.codec_context is not None)


def _unusable(head: bytes, reason: str) -> InputError:
    if not any(head.startswith(mark, at) for at, mark in _MARKS):
        return InputError(
            "not_a_video",
            "is not a video; expected MP4, MOV, WebM, MKV, AVI, MPEG, FLV, Ogg, WMV or GIF; "
            "choose another file",
        )
    return InputError(
        "undecodable_video",
        f"is damaged or incomplete ({reason.strip()}); expected a whole video; "
        "copy or record it again",
    )


def choose_stream(container: InputContainer, limits: Limits) -> VideoStream:
    """The video a player would show: the default one, else the largest; never a cover picture.

    Raises:
        InputError: `no_video_stream`, `undecodable_video` (unknown codec), `video_too_large`.
    """
    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        raise InputError(
            "no_video_stream",
            "holds sound or data but no video stream; expected pictures; choose another file",
        )
    known = [s for s in streams if s.codec_context is not None]
    if not known:
        raise InputError(
            "undecodable_video",
            "uses a video codec this build cannot decode; expected a common one; "
            "convert it to H.264",
        )
    default = Disposition.default
    stream = max(known, key=lambda s: (bool(s.disposition & default), s.width * s.height))
    check_size(stream.width, stream.height, limits)
    return stream


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise `video_too_large` unless both sides are within the limit."""
    if max(width, height) > limits.max_side_px:
        raise InputError(
            "video_too_large",
            f"is {width}x{height} pixels; expected at most {limits.max_side_px} a side; "
            "scale it down first",
        )


def frame_rate(stream: VideoStream) -> Fraction:
    """Stated frames per second, 25 where there is no sensible statement."""
    for rate in (stream.average_rate, stream.guessed_rate):
        if rate is not None and 0 < rate <= 1000:
            return rate
    return _DEFAULT_RATE


def stated_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """What FFmpeg makes of the header's statements on the video's length; it may be wrong."""
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None


def claimed_duration_s(
    file: io.RawIOBase, container: InputContainer, stream: VideoStream
) -> float | None:
    """The longest duration that any header of a file claims."""
    stated_s = stated_duration_s(container, stream)
    if not container.format.name.startswith("mov"):
        return stated_s
    in_header_s = mp4.claimed_duration_s(lambda at, size: os.pread(file.fileno(), size, at))
    return max(stated_s or 0.0, in_header_s or 0.0) or None


def reaches(container: InputContainer, stream: VideoStream, time_s: float) -> bool:
    """Whether a picture at or after `time_s` is really there. Moves the reading position."""
    try:
        container.seek(int(time_s * av.time_base))
        for packet in container.demux(stream):
            if packet.pts is not None and packet.pts * (stream.time_base or 0) >= time_s:
                return True
    except (av.error.FFmpegError, OSError):
        return False
    return False
