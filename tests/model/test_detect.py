"""BlazePose's person detector: anchors, tiles, and people near and far."""

from pathlib import Path

import numpy as np
import pytest

from model.detect import (
    BlazePoseDetector,
    Detection,
    Tile,
    letterbox,
    make_anchors,
    suppress,
    tiles,
    whole,
)
from model.region import Region
from model.video import open_video


def test_anchors_are_the_cells_of_the_feature_maps() -> None:
    anchors = make_anchors()

    assert anchors.shape == (28 * 28 * 2 + 14 * 14 * 2 + 7 * 7 * 6, 2)
    np.testing.assert_allclose(anchors[:3], [[4, 4], [4, 4], [12, 4]] / np.float32(224))
    np.testing.assert_allclose(anchors[-1], [208 / 224, 208 / 224])


@pytest.mark.parametrize("size", [(768, 576), (1280, 720), (1080, 1920), (4096, 300), (225, 2)])
def test_tiles_cover_the_picture_and_overlap(size: tuple[int, int]) -> None:
    width, height = size
    found = tiles(width, height)

    starts = sorted({tile.left for tile in found})
    side = found[0].side
    assert starts[0] == 0
    assert starts[-1] + side == width
    assert max(np.diff(starts), default=0) <= max(0.6 * side + 1, 1)
    assert {tile.top + side <= height for tile in found} == {True}


def test_a_picture_no_larger_than_the_input_has_no_tiles() -> None:
    assert tiles(224, 100) == []


def test_a_letterboxed_picture_is_centred_on_black() -> None:
    square = letterbox(np.full((100, 400, 3), 200, np.uint8), whole(400, 100))

    assert (square[84:140] == 200).all()
    assert square[:84].max() == square[140:].max() == 0


def test_a_tile_beyond_the_edge_is_black_there() -> None:
    square = letterbox(np.full((100, 100, 3), 200, np.uint8), Tile(50, 50, 100), 64)

    assert (square[:32, :32] == 200).all()
    assert square[32:].max() == 0


def test_a_picture_of_one_pixel_is_searched() -> None:
    assert BlazePoseDetector().detect(np.full((1, 1, 3), 90, np.uint8)) == []


def test_the_best_of_the_same_is_kept() -> None:
    places = ((50.0, 0.5), (55.0, 0.9), (90.0, 0.6))
    found = [Detection(Region(x, 50.0, 40.0), score) for x, score in places]

    assert [detection.score for detection in suppress(found)] == [0.9, 0.6]


@pytest.mark.shared
def test_a_near_person_is_found_in_the_whole_picture(shared: Path) -> None:
    with open_video(shared / "assets" / "videos" / "sam2_dog.mp4", end_s=0.01) as video:
        best = BlazePoseDetector().detect(next(iter(video)).rgb, small=False)[0]

    assert best.score > 0.5
    assert best.region.distance(Region(250.0, 290.0, 270.0)) < 0.3


@pytest.mark.shared
def test_small_people_are_found_in_tiles_alone(shared: Path) -> None:
    with open_video(shared / "assets" / "videos" / "opencv_vtest.avi", end_s=0.01) as video:
        rgb = next(iter(video)).rgb
    three = [Region(268.0, 265.0, 45.0), Region(513.0, 192.0, 40.0), Region(667.0, 285.0, 45.0)]

    near, small = (BlazePoseDetector(0.5).detect(rgb, small=flag) for flag in (False, True))

    assert [min(p.distance(d.region) for d in small) < 0.4 for p in three] == [True] * 3
    assert len(near) < 3
