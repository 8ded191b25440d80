"""The decoder's own process: `python -m model.decoding.decoder`, started by the parent.

Standard input carries a line, a `Request` in JSON, and then one byte for each free slot of the
ring; its end is the end of the parent, and so of the child. Standard output carries JSON lines:

    {"kind": "info", width, height, fps, duration_s, frame_count, defences}   first
    {"kind": "frame", index, pts_s}    the picture is in slot n % slots, n counting these lines
    {"kind": "progress"}               at work on frames that nobody asked for
    {"kind": "note", text}
    {"kind": "end"} or {"kind": "error", code, message}                       last
"""

import json
import os
import sys
from collections.abc import Iterable
from itertools import chain
from math import inf
from typing import Any

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from model.decoding import demuxer, sandbox
from model.decoding.demuxer import GrowingSource
from model.decoding.frame_reader import FrameReader, too_long
from model.decoding.picture import Painter
from model.decoding.request import SLOTS, Request
from model.decoding.ring import RingWriter
from model.errors import InputError

_PROGRESS_FRAMES = 16


def main() -> None:
    """Wait for a request, and decode as it says, under all limits the system grants."""
    defences = sandbox.leave_network()
    request = Request.decode(_read_line(sys.stdin.fileno()))
    ring = RingWriter(request.ring_fd, SLOTS, request.limits.picture_bytes, sys.stdin.fileno())
    defences += sandbox.limit_resources(request.limits.memory_bytes)
    sandbox.allow_cpu(request.limits.stall_s)
    try:
        _deliver(request, ring, defences)
        _send(kind="end")
    except InputError as error:
        _send(kind="error", code=error.code, message=error.message)
    except MemoryError:
        _send(
            kind="error",
            code="decoder_limit",
            message=f"needs more than {request.limits.memory_bytes >> 20} MiB to decode; "
            "expected a smaller picture; scale it down first",
        )
    except Exception as error:  # the parent turns it into one line; a traceback helps nobody
        _send(
            kind="error",
            code="decoder_crashed",
            message=f"made the decoder fail ({type(error).__name__}: {error}); "
            "expected a sound video; convert it to H.264",
        )


def _deliver(request: Request, ring: RingWriter, defences: list[str]) -> None:
    container, stream, claimed_s = _open(request)
    reader = FrameReader(container, stream, request.limits)
    frames = reader.frames(request.end_s)
    first = next(frames, None)
    if first is None:
        raise InputError(
            "undecodable_video",
            "holds no picture that can be decoded; expected a whole video; copy or record it again",
        )
    painter = Painter(first[2], stream.sample_aspect_ratio)
    demuxer.check_size(painter.width, painter.height, request.limits)
    _send(
        kind="info",
        width=painter.width,
        height=painter.height,
        fps=float(stream.average_rate) if stream.average_rate else None,
        duration_s=claimed_s,
        frame_count=stream.frames or None,
        defences=defences,
    )
    if not _deliver_frames(request, chain([first], frames), painter, ring):
        raise InputError(
            "no_frame_in_range",
            f"shows no new frame from {request.start_s:g} s on until {reader.clock.end_s:.3f} s, "
            "its end or the one asked for; expected a range with frames; choose an earlier start",
        )
    for note in reader.notes(claimed_s):
        _send(kind="note", text=note)


def _deliver_frames(
    request: Request,
    frames: Iterable[tuple[int, float, VideoFrame]],
    painter: Painter,
    ring: RingWriter,
) -> int:
    picture_bytes = painter.width * painter.height * 3
    delivered = 0
    for index, pts_s, frame in frames:
        if pts_s >= request.start_s:
            painter.paint(frame, ring.next_slot(picture_bytes))
            _send(kind="frame", index=index, pts_s=pts_s)
            delivered += 1
        elif index % _PROGRESS_FRAMES == 0:
            _send(kind="progress")
    return delivered


def _open(request: Request) -> tuple[InputContainer, VideoStream, float | None]:
    """Container, stream, and the duration that the header claims."""
    limit_s = request.limits.max_duration_s
    # Never closed: the process ends with it.
    file = open(request.video_fd, "rb", buffering=0)  # noqa: SIM115, PTH123
    if request.growing:
        container = demuxer.open_growing(GrowingSource(file), request.limits)
        stream = demuxer.choose_stream(container, request.limits)
        return container, stream, demuxer.stated_duration_s(container, stream)
    container = demuxer.open_file(file, request.limits)
    stream = demuxer.choose_stream(container, request.limits)
    claimed_s = demuxer.claimed_duration_s(file, container, stream)
    if min(claimed_s or 0.0, request.end_s or inf) > limit_s:
        if demuxer.reaches(container, stream, limit_s):
            raise too_long(request.limits)
        container = demuxer.open_file(file, request.limits)
        stream = demuxer.choose_stream(container, request.limits)
    return container, stream, claimed_s


def _read_line(fd: int) -> str:
    """Read to the end of the line and no further; the end of the parent is ours."""
    line = b""
    while not line.endswith(b"\n"):
        if not (byte := os.read(fd, 1)):
            sys.exit()
        line += byte
    return line.decode()


def _send(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
