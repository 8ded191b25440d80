"""A decoded frame to RGB as a player shows it. Runs in the decoder child, without NumPy."""

import struct
from fractions import Fraction
from typing import Any

from av.error import FFmpegError
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter

from model.errors import InputError

# BT.709, FCC, BT.601 twice, SMPTE 240M, BT.2020: those that swscale converts (H.273's numbers).
_COLORSPACES = (1, 4, 5, 6, 7, 9)
_HD_HEIGHT = 720  # other video is BT.709 from here on, BT.601 below, as players have it
_MAX_ASPECT = 8  # pixels wider or taller than this are a broken header


class Painter:
    """Turns frames into packed RGB of one size: square pixels, rotated and mirrored as stated.

    The first frame fixes size and orientation; a later frame of another size is scaled to it.

    Args:
        first: The first shown frame.
        pixel_aspect: Width over height of a coded pixel.

    Attributes:
        width: Of the shown picture.
        height: Of the shown picture.
    """

    def __init__(self, first: VideoFrame, pixel_aspect: Fraction | None) -> None:
        self._size = square_size(first.width, first.height, pixel_aspect)
        self._steps = orientation(display_matrix(first))
        self._turn: Graph | None = None
        self._reformatter = VideoReformatter()
        sideways = "transpose" in self._steps
        self.width, self.height = self._size[::-1] if sideways else self._size

    def paint(self, frame: VideoFrame, target: memoryview) -> None:
        """Write one picture.

        Args:
            frame: As decoded.
            target: `height * width * 3` bytes, rows from the top.

        Raises:
            InputError: `undecodable_video`: there is no way from its colours to RGB.
        """
        rgb = self._to_rgb(frame)
        if self._steps or rgb.planes[0].line_size < 0:  # uncompressed video may be bottom up
            self._turn = self._turn or _graph(rgb, self._steps)
            self._turn.vpush(rgb)
            rgb = self._turn.vpull()
        _copy_rows(rgb, target)

    def _to_rgb(self, frame: VideoFrame) -> VideoFrame:
        try:
            return self._reformatter.reformat(
                frame,
                *self._size,
                format="rgb24",
                src_colorspace=_colorspace(frame),
                interpolation=Interpolation.BICUBIC,
                dst_color_range=ColorRange.JPEG,
                threads=1,
            )
        except MemoryError:
            raise
        except (FFmpegError, OSError, ValueError) as error:
            raise InputError(
                "undecodable_video",
                f"holds pictures in {frame.format.name} that cannot be turned into RGB ({error}); "
                "expected a common format; convert it to H.264",
            ) from error


def square_size(width: int, height: int, pixel_aspect: Fraction | None) -> tuple[int, int]:
    """Size with square pixels, height kept; nonsense aspects count as square."""
    if not pixel_aspect or not Fraction(1, _MAX_ASPECT) <= pixel_aspect <= _MAX_ASPECT:
        return width, height
    return max(1, round(width * pixel_aspect)), height


def display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """(a, b, c, d) of the stated display matrix: x' = a x + c y, y' = b x + d y."""
    stated: Any = frame.side_data.get("DISPLAYMATRIX")  # PyAV's stubs do not know the key
    if stated is None:
        return 1, 0, 0, 1
    a, b, _, c, d = struct.unpack("5i", bytes(stated)[:20])
    return a, b, c, d


def orientation(matrix: tuple[int, int, int, int]) -> tuple[str, ...]:
    """FFmpeg filters that apply a display matrix, rounded to quarter turns and mirrorings."""
    a, b, c, d = matrix
    sideways = abs(b) + abs(c) > abs(a) + abs(d)
    flip_x, flip_y = (c < 0, b < 0) if sideways else (a < 0, d < 0)
    steps = (("transpose", sideways), ("hflip", flip_x), ("vflip", flip_y))
    return tuple(name for name, wanted in steps if wanted)


def _colorspace(frame: VideoFrame) -> int:
    if frame.colorspace in _COLORSPACES:
        return frame.colorspace
    return Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601


def _graph(rgb: VideoFrame, steps: tuple[str, ...]) -> Graph:
    graph = Graph()
    nodes = [
        graph.add_buffer(
            width=rgb.width, height=rgb.height, format=rgb.format, time_base=Fraction(1, 1000)
        )
    ]
    # FFmpeg's plain "transpose" turns as well; cclock_flip is the mirroring at the diagonal.
    nodes += [graph.add(name, "cclock_flip" if name == "transpose" else None) for name in steps]
    nodes += [graph.add("copy"), graph.add("buffersink")]  # its rows run from the top
    graph.link_nodes(*nodes).configure()
    return graph


def _copy_rows(rgb: VideoFrame, target: memoryview) -> None:
    plane = rgb.planes[0]
    source, stride, row = memoryview(plane), plane.line_size, rgb.width * 3
    if stride == row:
        target[:] = source[: len(target)]
        return
    for y in range(rgb.height):
        target[y * row : (y + 1) * row] = source[y * stride : y * stride + row]
