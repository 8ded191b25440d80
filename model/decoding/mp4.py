"""What the boxes of an MP4 say before a video library sees them (ISO/IEC 14496-12).

FFmpeg silently replaces the duration that the movie header states, and finds out that the index
comes last only once it has read everything before it.
"""

import struct
from collections.abc import Callable, Iterator

ReadAt = Callable[[int, int], bytes]
"""(offset, size) to bytes; fewer at the end."""

_LEADING = {b"ftyp", b"styp", b"free", b"skip", b"wide", b"pnot", b"uuid", b"mdat", b"moov"}


def index_is_last(read_at: ReadAt) -> bool:
    """Whether pictures (mdat) come before the index (moov)."""
    for kind, _, size in _top_boxes(read_at):
        if kind == b"moov":
            return False
        if kind == b"mdat" and size > 0:
            return True
    return False


def claimed_duration_s(read_at: ReadAt) -> float | None:
    """Duration in the movie header, None where there is none."""
    for kind, at, _ in _top_boxes(read_at):
        if kind != b"moov":
            continue
        header = read_at(at, 40)
        if len(header) < 40 or header[4:8] != b"mvhd":
            return None
        layout = ">20xIQ" if header[8] else ">12xII"
        timescale, duration = struct.unpack_from(layout, header, 8)
        return duration / timescale if timescale else None
    return None


def _top_boxes(read_at: ReadAt) -> Iterator[tuple[bytes, int, int]]:
    """Kind, offset of the contents, and their size, of the boxes on the outermost level."""
    at = 0
    while len(header := read_at(at, 16)) >= 8:
        size, kind = struct.unpack(">I4s", header[:8])
        if kind not in _LEADING:
            return
        start = at + 8
        if size == 1 and len(header) == 16:
            start, size = at + 16, struct.unpack(">Q", header[8:])[0]
        end = max(start, at + size)
        yield kind, start, end - start
        if size == 0:  # the last box, up to the end of the file
            return
        at = end
