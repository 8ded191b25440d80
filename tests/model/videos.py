"""Makes the odd videos that tests are about: real files, written with PyAV.

Every picture has the same layout, so that a test sees at once which way up it is: red top left,
green top right, blue bottom left, white bottom right; a grey square in the middle tells the
frames apart.
"""

import io
import random
import struct
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from model.decoding.feed import Readable
from model.types import Frame
from model.video import open_video

CORNERS = {
    "top_left": (255, 0, 0),
    "top_right": (0, 255, 0),
    "bottom_left": (0, 0, 255),
    "bottom_right": (255, 255, 255),
}


def picture(index: int = 0, width: int = 64, height: int = 48) -> np.ndarray:
    """The test picture, u8 [height, width, 3]; its middle is `grey_of(index)`."""
    rgb = np.empty((height, width, 3), np.uint8)
    y, x = (height + 1) // 2, (width + 1) // 2
    rgb[:y, :x], rgb[:y, x:] = CORNERS["top_left"], CORNERS["top_right"]
    rgb[y:, :x], rgb[y:, x:] = CORNERS["bottom_left"], CORNERS["bottom_right"]
    rgb[height * 3 // 8 : height * 5 // 8, width * 3 // 8 : width * 5 // 8] = grey_of(index)
    return rgb


def grey_of(index: int) -> int:
    """Grey of the middle of frame `index`; distinct for 12 frames in a row."""
    return 20 + 20 * (index % 12)


def corners(rgb: np.ndarray) -> dict[str, tuple[int, ...]]:
    """Mean colour of each corner of a picture, as `CORNERS` names them."""
    y, x = rgb.shape[0] // 4, rgb.shape[1] // 4
    parts = {
        "top_left": rgb[:y, :x],
        "top_right": rgb[:y, -x:],
        "bottom_left": rgb[-y:, :x],
        "bottom_right": rgb[-y:, -x:],
    }
    return {name: tuple(np.rint(part.mean((0, 1))).astype(int)) for name, part in parts.items()}


def grey(rgb: np.ndarray) -> float:
    """Mean grey of the middle of a picture."""
    y, x = rgb.shape[0], rgb.shape[1]
    return float(rgb[y * 7 // 16 : y * 9 // 16 + 1, x * 7 // 16 : x * 9 // 16 + 1].mean())


def frames_of(source: str | Path | Readable, **options: Any) -> list[Frame]:
    """All frames of a video, as `open_video` gives them."""
    with open_video(source, **options) as video:
        return list(video)


def write_video(
    path: Path,
    *,
    frames: int = 12,
    size: tuple[int, int] = (64, 48),
    rate: Fraction | int = 25,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    pts: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    rotation: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
    colorspace: str = "itu601",
    full_range: bool = False,
    options: Mapping[str, str] | None = None,
    muxer: Mapping[str, str] | None = None,
    live: bool = False,
    sound: bool = False,
) -> Path:
    """Write the test picture as a video.

    Args:
        path: Its ending chooses the container.
        frames: How many.
        size: Width and height as coded.
        rate: Frames per second.
        codec: FFmpeg's name of the encoder.
        pixel_format: FFmpeg's name of what is coded.
        pts: Presentation times of the frames in units of `time_base`; default 0, 1, 2...
        time_base: Seconds per unit; default one frame.
        rotation: Degrees counter-clockwise a player must turn the picture.
        mirrored: Whether it must mirror it left to right afterwards.
        pixel_aspect: Width over height of a pixel.
        colorspace: `itu601` or `itu709`; both conversion and label.
        full_range: Whether values span 0 to 255 instead of 16 to 235.
        options: Of the encoder.
        muxer: Options of the container.
        live: Write as to a pipe: no seeking back to fill in the header.
        sound: Add a silent audio stream.
    """
    target = _Pipe() if live else str(path)
    kind = {".mkv": "matroska", ".ts": "mpegts"}.get(path.suffix, path.suffix[1:])
    with av.open(target, "w", format=kind, options=dict(muxer or {})) as container:
        stream = container.add_stream(codec, rate=rate, options={"g": "12", **(options or {})})
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        stream.codec_context.time_base = time_base or 1 / Fraction(rate)
        stream.codec_context.color_range = 2 if full_range else 1
        stream.codec_context.colorspace = 1 if colorspace == "itu709" else 6
        if pixel_aspect:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation or mirrored:
            stream.set_display_rotation(rotation, hflip=mirrored)
        if sound:
            _add_silence(container, frames / Fraction(rate))
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(index, *size)).reformat(
                format=pixel_format,
                dst_colorspace=colorspace,
                src_color_range="JPEG",
                dst_color_range="JPEG" if full_range else "MPEG",
            )
            frame.pts = pts[index] if pts else index
            frame.time_base = stream.codec_context.time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    if isinstance(target, _Pipe):
        path.write_bytes(target.getvalue())
    return path


def write_sound(path: Path, duration_s: float = 0.5) -> Path:
    """Write a file with silence and no pictures."""
    with av.open(str(path), "w") as container:
        _add_silence(container, duration_s)
    return path


def claim_size(path: Path, side_px: int) -> Path:
    """Make the header of an AVI state another size; FFV1 pictures state none of their own."""
    data = bytearray(path.read_bytes())
    struct.pack_into("<ii", data, data.index(b"strf") + 12, side_px, side_px)
    path.write_bytes(data)
    return path


def claim_duration(path: Path, duration_s: int) -> Path:
    """Make the headers of an MP4 state another duration; its samples stay as they are."""
    data = bytearray(path.read_bytes())
    for box in (b"mvhd", b"mdhd"):
        at = data.index(box) + 16
        (timescale,) = struct.unpack_from(">I", data, at)
        struct.pack_into(">I", data, at + 4, duration_s * timescale)
    path.write_bytes(data)
    return path


def mutated(data: bytes, seed: int) -> bytes:
    """The data with 1 to 32 bytes changed, half of them in the first 1024, where headers are."""
    dice = random.Random(seed)
    changed = bytearray(data)
    for _ in range(dice.randint(1, 32)):
        reach = len(data) if dice.random() < 0.5 else min(len(data), 1024)
        changed[dice.randrange(reach)] = dice.randrange(256)
    return bytes(changed)


class _Pipe(io.BytesIO):
    """Bytes that cannot be sought in."""

    def seekable(self) -> bool:
        return False


def _add_silence(container: av.container.OutputContainer, duration_s: Fraction | float) -> None:
    stream = container.add_stream("aac", rate=16000, layout="mono")
    for _ in range(int(duration_s * 16000 / 1024) + 1):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(stream.encode(frame))
    container.mux(stream.encode())
