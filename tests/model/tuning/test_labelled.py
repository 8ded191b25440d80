from pathlib import Path

import numpy as np
import pytest

from model.landmarks import BODY, HIPS, LandmarkModel
from model.region import REGION_MARGIN, Region
from model.synth.backdrop import Backdrops
from model.synth.baking import FOCAL_PX
from model.tuning.labelled import FRAMES, LabelledCrop, draw_crops, draw_empty, locate
from tests.model.tuning.pictured import plain_people

# How the network looks at a crop that is cut out already: as at the whole of its square.
WHOLE = Region(128.0, 128.0, 128 / REGION_MARGIN)


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledCrop]:
    clips, rng = plain_people(tmp_path_factory.mktemp("set")), np.random.default_rng(0)
    return [crop for index in range(len(clips)) for crop in draw_crops(clips, index, rng)]


def test_blazepose_agrees_about_where_people_are(crops: list[LabelledCrop]) -> None:
    look = LandmarkModel()

    apart_px, world, said_world = [], [], []
    for crop in crops:
        said = look(crop.image, WHOLE).points
        apart_px.append(np.linalg.norm(said[BODY, :2] - crop.points_px[BODY, :2], axis=1).mean())
        world.append(crop.world_m[BODY])
        said_world.append(said[BODY, 4:7])

    assert len(crops) == 4 * FRAMES
    assert np.median(apart_px) < 8
    for axis, least in enumerate((0.8, 0.9, 0.5)):
        pairs = np.array([world, said_world])[..., axis].reshape(2, -1)
        assert np.corrcoef(pairs)[0, 1] > least, axis


def test_places_are_about_the_hips(crops: list[LabelledCrop]) -> None:
    for crop in crops:
        np.testing.assert_allclose(crop.world_m[HIPS].mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(
            crop.points_px[33, :2], crop.points_px[HIPS, :2].mean(axis=0), atol=1e-2
        )


def test_a_crop_depends_on_index_and_generator_alone(tmp_path: Path) -> None:
    clips = plain_people(tmp_path, clips=1)

    once, again = (draw_crops(clips, 0, np.random.default_rng(4)) for _ in range(2))

    for one, other in zip(once, again, strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)


def test_a_backdrop_alone_is_a_picture_of_nobody() -> None:
    once, again = (draw_empty(Backdrops(), np.random.default_rng(3)) for _ in range(2))
    other = draw_empty(Backdrops(), np.random.default_rng(4))

    assert once.image.shape == (256, 256, 3)
    assert once.image.std() > 1
    np.testing.assert_array_equal(once.image, again.image)
    assert (once.image != other.image).mean() > 0.5
    assert LandmarkModel()(once.image, WHOLE).presence < 0.5


def test_somebody_is_located_by_where_the_joints_are_seen() -> None:
    rng = np.random.default_rng(0)
    joints_m, where_m = rng.normal(0, 0.4, (14, 3)), np.array([0.3, -0.2, 4.0])
    seen_m = joints_m + where_m

    found_m = locate(np.float32(joints_m), np.float32(FOCAL_PX * seen_m[:, :2] / seen_m[:, 2:]))

    np.testing.assert_allclose(found_m, where_m, atol=1e-4)
