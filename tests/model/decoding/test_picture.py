from fractions import Fraction

import av
import numpy as np
import pytest

from model.decoding.picture import Painter, orientation, square_size
from model.errors import InputError
from tests.model.videos import picture

TURNS = [(1, 0, 0, 1), (0, 1, -1, 0), (-1, 0, 0, -1), (0, -1, 1, 0)]
MIRRORINGS = [(-1, 0, 0, 1), (1, 0, 0, -1), (0, 1, 1, 0), (0, -1, -1, 0)]


def painted(frame: av.VideoFrame, steps: tuple[str, ...] = ()) -> np.ndarray:
    painter = Painter(frame, None)
    painter._steps = steps
    width, height = (frame.height, frame.width) if "transpose" in steps else painter._size
    target = bytearray(width * height * 3)
    painter.paint(frame, memoryview(target))
    return np.frombuffer(target, np.uint8).reshape(height, width, 3)


def applied(matrix: tuple[int, int, int, int], rgb: np.ndarray) -> np.ndarray:
    """Naive twin: every pixel to x' = a x + c y, y' = b x + d y, and all of it to the corner."""
    a, b, c, d = matrix
    y, x = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    to_x, to_y = a * x + c * y, b * x + d * y
    to_x, to_y = to_x - to_x.min(), to_y - to_y.min()
    moved = np.empty((to_y.max() + 1, to_x.max() + 1, 3), np.uint8)
    moved[to_y, to_x] = rgb
    return moved


@pytest.mark.parametrize("matrix", TURNS + MIRRORINGS)
def test_every_turn_and_mirroring_is_that_of_the_matrix(matrix):
    rgb = picture(3, 30, 20)

    shown = painted(av.VideoFrame.from_ndarray(rgb), orientation(matrix))

    np.testing.assert_array_equal(shown, applied(matrix, rgb))


def test_a_slanted_matrix_is_rounded_to_a_quarter_turn():
    slanted = (10, 99, -99, 10)

    assert orientation(slanted) == orientation((0, 1, -1, 0))


@pytest.mark.parametrize(
    ("aspect", "size"),
    [
        (None, (60, 40)),
        (Fraction(1), (60, 40)),
        (Fraction(4, 3), (80, 40)),
        (Fraction(1, 2), (30, 40)),
        (Fraction(1, 1000), (60, 40)),
        (Fraction(1000), (60, 40)),
    ],
)
def test_pixels_become_square_unless_the_aspect_is_nonsense(aspect, size):
    assert square_size(60, 40, aspect) == size


@pytest.mark.parametrize("width", [1, 2, 17, 64, 65])
def test_every_width_is_packed_without_gaps(width):
    rgb = np.random.default_rng(0).integers(0, 256, (5, width, 3), np.uint8)

    np.testing.assert_array_equal(painted(av.VideoFrame.from_ndarray(rgb)), rgb)


def test_grey_video_becomes_grey_rgb():
    grey = np.full((16, 16), 77, np.uint8)

    shown = painted(av.VideoFrame.from_ndarray(grey, "gray"))

    np.testing.assert_allclose(shown, 77, atol=1)


def test_untagged_video_is_bt709_from_720_lines_on():
    yuv = np.empty((16 * 3 // 2, 16), np.uint8)
    yuv[:16], yuv[16:20], yuv[20:] = 63, 102, 240  # red in BT.709, limited range
    small = av.VideoFrame.from_ndarray(yuv, "yuv420p")
    large = small.reformat(1280, 720)
    large.colorspace = small.colorspace = 2

    assert painted(large)[0, 0, 0] > 250
    assert painted(small)[0, 0, 0] == pytest.approx(233, abs=3)


@pytest.mark.parametrize("colorspace", [0, 3, 8, 10, 14, 53])
def test_a_colorspace_that_cannot_be_converted_counts_as_untagged(colorspace):
    frame = av.VideoFrame.from_ndarray(picture(3, 32, 16)).reformat(format="yuv420p")
    frame.colorspace = 2
    untagged = painted(frame)
    frame.colorspace = colorspace

    np.testing.assert_array_equal(painted(frame), untagged)


def test_pictures_that_cannot_be_turned_into_rgb_are_named():
    frame = av.VideoFrame.from_ndarray(picture(3, 32, 16)).reformat(format="yuv420p")
    frame.color_range = 77

    with pytest.raises(InputError, match="yuv420p that cannot be turned into RGB") as caught:
        painted(frame)

    assert caught.value.code == "undecodable_video"
