"""Pictures in, an mp4 out that every player and browser shows: H.264, true presentation times."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.reformatter import ColorRange, Colorspace
from jaxtyping import UInt8

from model.types import LONE_FRAME_S, Array, Frame

TIME_BASE = Fraction(1, 90_000)  # seconds; holds 24, 25, 30, 50, 60 fps and their NTSC kin
_BT709 = 1  # in the code points of H.273, for primaries, transfer and matrix alike


def write_mp4(frames: Iterable[Frame], path: Path, *, crf: int = 20) -> int:
    """Encode frames with the times they have; the first is shown at 0.

    A frame is shown until the next one, the last as long as the one before it. Odd sides grow by a
    pixel, a copy of the outermost, as chroma at half resolution needs even ones.

    Args:
        frames: One or more, all of one size, times rising.
        path: What to write; its name need not end in .mp4.
        crf: Quality of x264, lower is better.

    Returns:
        Frames written.

    Raises:
        OSError: The file cannot be written.
    """
    durations: dict[int, int] = {}  # by time, of pictures that the encoder holds back
    written = 0
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", options={"preset": "veryfast", "crf": str(crf)})
        for frame, time, duration in _timed(frames):
            picture = _rgb_to_picture(frame.rgb)
            picture.pts, picture.time_base = time, TIME_BASE
            if written == 0:
                _describe(stream, picture)
            durations[time] = duration
            _mux(container, stream, picture, durations)
            written += 1
        _mux(container, stream, None, durations)
    return written


def _mux(
    container: OutputContainer,
    stream: av.VideoStream,
    picture: av.VideoFrame | None,
    durations: dict[int, int],
) -> None:
    """Encode a picture, None at the end, and give packets the durations that x264 forgets."""
    for packet in stream.encode(picture):
        assert packet.pts is not None, "x264 gives every packet the time of its picture"
        packet.duration = durations.pop(packet.pts)
        container.mux(packet)


def _describe(stream: av.VideoStream, picture: av.VideoFrame) -> None:
    stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
    codec = stream.codec_context
    codec.time_base = TIME_BASE
    codec.color_range = ColorRange.MPEG
    codec.color_primaries = codec.color_trc = codec.colorspace = _BT709


def _timed(frames: Iterable[Frame]) -> Iterator[tuple[Frame, int, int]]:
    """Pass frames on with their times and how long they last, both in `TIME_BASE`."""
    before: tuple[Frame, int] | None = None
    start_s, duration = 0.0, round(LONE_FRAME_S / TIME_BASE)
    for frame in frames:
        if before is None:
            start_s = frame.pts_s
        time = round((frame.pts_s - start_s) / TIME_BASE)
        if before is not None:
            duration = time - before[1]
            yield *before, duration
        before = frame, time
    if before is not None:
        yield *before, duration


def _rgb_to_picture(rgb: UInt8[Array, "height width 3"]) -> av.VideoFrame:
    height, width = rgb.shape[:2]
    if height % 2 or width % 2:
        rgb = np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
    return picture.reformat(
        format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
    )
