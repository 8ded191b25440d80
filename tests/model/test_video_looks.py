from fractions import Fraction

import pytest

from model.video import open_video
from tests.model.videos import CORNERS, corners, frames_of, write_video

COLOUR_TOLERANCE = 4


def shown(source) -> dict[str, str]:
    """Which corner of the test picture is seen in each corner of the first frame."""
    seen = {}
    for place, colour in corners(frames_of(source)[0].rgb).items():
        close = [
            name
            for name, wanted in CORNERS.items()
            if max(abs(c - w) for c, w in zip(colour, wanted, strict=True)) <= COLOUR_TOLERANCE
        ]
        seen[place] = close[0] if close else f"{colour}"
    return seen


UPRIGHT = {name: name for name in CORNERS}
QUARTER_LEFT = {
    "top_left": "top_right",
    "top_right": "bottom_right",
    "bottom_left": "top_left",
    "bottom_right": "bottom_left",
}
QUARTER_RIGHT = {source: target for target, source in QUARTER_LEFT.items()}
HALF = {
    "top_left": "bottom_right",
    "top_right": "bottom_left",
    "bottom_left": "top_right",
    "bottom_right": "top_left",
}


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("upright.mp4", {}, UPRIGHT),
        ("portrait.mp4", {"rotation": 270}, QUARTER_RIGHT),
        ("portrait.webm", {"rotation": 270, "codec": "libvpx"}, QUARTER_RIGHT),
        ("left.mov", {"rotation": 90}, QUARTER_LEFT),
        ("upside_down.mp4", {"rotation": 180}, HALF),
    ],
)
def test_frames_are_turned_as_the_metadata_says(tmp_path, name, options, expected):
    path = write_video(tmp_path / name, **options)

    assert shown(path) == expected


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("bt601.mp4", {}),
        ("bt709.mp4", {"colorspace": "itu709"}),
        ("full_range.mp4", {"full_range": True}),
        (
            "ten_bit.mp4",
            {
                "codec": "libx265",
                "pixel_format": "yuv420p10le",
                "options": {"x265-params": "log-level=none"},
            },
        ),
        ("odd_size.webm", {"codec": "libvpx-vp9", "size": (65, 49)}),
    ],
)
def test_colours_are_those_of_the_scene(tmp_path, name, options):
    path = write_video(tmp_path / name, **options)

    assert shown(path) == UPRIGHT


@pytest.mark.parametrize(
    ("options", "width", "height"),
    [
        ({"size": (65, 49), "pixel_format": "yuv444p"}, 65, 49),
        ({"pixel_aspect": Fraction(4, 3)}, 85, 48),
        ({"pixel_aspect": Fraction(4, 3), "rotation": 90}, 48, 85),
        ({"size": (1, 1), "pixel_format": "yuv444p"}, 1, 1),
    ],
)
def test_info_has_the_shown_size(tmp_path, options, width, height):
    path = write_video(tmp_path / "clip.mp4", **options)

    with open_video(path) as video:
        shapes = {frame.rgb.shape for frame in video}

    assert (video.info.width, video.info.height) == (width, height)
    assert shapes == {(height, width, 3)}


def test_a_size_change_scales_to_the_first_and_is_noted(tmp_path):
    small = write_video(tmp_path / "small.ts", frames=5).read_bytes()
    large = write_video(tmp_path / "large.ts", frames=5, size=(128, 96)).read_bytes()
    (tmp_path / "both.ts").write_bytes(small + large)

    with open_video(tmp_path / "both.ts") as video:
        shapes = {frame.rgb.shape for frame in video}

    assert shapes == {(48, 64, 3)}
    assert any("size changes" in note for note in video.notes)
