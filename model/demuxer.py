"""Opens a container and picks the stream that is the video. Runs in the decoder child.

Knows the formats phones, cameras and screen recorders write. Formats that name other files, such
as playlists and image sequences, are refused by name.
"""

import io
import struct
from fractions import Fraction

import av
import av.subtitles.codeccontext  # PyAV would load these late, when no file may be opened
import av.subtitles.stream
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from model.decode_request import Limits
from model.errors import InputError
from model.feed import Readable

FORMATS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,gif"
_MARKS = {
    0: (
        b"\x1aE\xdf\xa3",
        b"RIFF",
        b"OggS",
        b"FLV",
        b"\x30\x26\xb2\x75",
        b"GIF8",
        b"\0\0\1\xba",
        b"G",
    ),
    4: (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip"),
}
_PEEK_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 18
_DEFAULT_RATE = Fraction(25)


class GrowingSource:
    """A pipe of bytes still arriving: it can be looked into from the start, not sought in."""

    def __init__(self, pipe: Readable) -> None:
        self._pipe = pipe
        self._ahead = b""

    def peek(self, size: int) -> bytes:
        """The first `size` bytes not yet read, fewer only at the end."""
        while len(self._ahead) < size and (more := self._pipe.read(size - len(self._ahead))):
            self._ahead += more
        return self._ahead[:size]

    def read(self, size: int) -> bytes:
        """What was looked at, then what the pipe gives."""
        if not self._ahead:
            return self._pipe.read(size)
        data, self._ahead = self._ahead[:size], self._ahead[size:]
        return data


def open_growing(source: GrowingSource) -> InputContainer:
    """Open a container from bytes that are still arriving.

    Raises:
        InputError: `empty_video`, `not_a_video`, `undecodable_video`, or `needs_whole_file`
            where the index lies behind the pictures.
    """
    head = source.peek(16)
    if not head:
        raise InputError("empty_video", "holds 0 bytes; expected a video; send it again")
    if _index_is_last(source):
        raise InputError(
            "needs_whole_file",
            "is an MP4 whose index comes last; expected one made for streaming; "
            "save the whole file first, or make it with -movflags +faststart",
        )
    return _open(source, head)


def open_file(file: io.RawIOBase) -> InputContainer:
    """Open a container from a file that can be sought in.

    Raises:
        InputError: `not_a_video` or `undecodable_video`.
    """
    head = file.read(16) or b""
    file.seek(0)
    return _open(file, head)


def _open(source: object, head: bytes) -> InputContainer:
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "none"}
    try:
        return av.open(
            source,
            mode="r",
            container_options=options,
            metadata_errors="replace",
            buffer_size=_BUFFER_BYTES,
        )
    except av.error.MemoryError:
        raise MemoryError from None
    except (av.error.FFmpegError, ValueError) as error:
        if not any(head[at:].startswith(mark) for at, marks in _MARKS.items() for mark in marks):
            raise InputError(
                "not_a_video",
                "is not a video; expected MP4, MOV, WebM, MKV, AVI, MPEG, FLV, Ogg, WMV or GIF; "
                "choose another file",
            ) from error
        raise InputError(
            "undecodable_video",
            f"is damaged or incomplete ({reason(error)}); expected a whole video; "
            "copy or record it again",
        ) from error


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


def claimed_duration_s(container: InputContainer, stream: VideoStream) -> float | None:
    """What the header says of the video's length; it may be wrong."""
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None


def reaches(container: InputContainer, stream_index: int, time_s: float) -> bool:
    """Whether a picture at or after `time_s` is really there. Moves the reading position."""
    try:
        container.seek(int(time_s * av.time_base))
        for packet in container.demux(container.streams[stream_index]):
            if packet.pts is not None and packet.pts * packet.time_base >= time_s:
                return True
    except av.error.FFmpegError:
        return False
    return False


def reason(error: BaseException) -> str:
    """FFmpeg's word for an error, without numbers, names and addresses."""
    text = getattr(error, "strerror", None) or type(error).__name__
    return " ".join(str(text).split()).rstrip(".").lower()


def _index_is_last(source: GrowingSource) -> bool:
    """Whether the top-level boxes of an MP4 show pictures (mdat) before the index (moov)."""
    at = 0
    while at + 16 <= _PEEK_BYTES:
        header = source.peek(at + 16)[at:]
        if len(header) < 8:
            return False
        size, kind = struct.unpack(">I4s", header[:8])
        if kind not in (b"ftyp", b"styp", b"free", b"skip", b"wide", b"pnot", b"uuid", b"mdat"):
            return False
        if size == 1 and len(header) == 16:
            size = struct.unpack(">Q", header[8:])[0]
        if kind == b"mdat" and size != 8:
            return True
        at += max(size, 8)
    return False
