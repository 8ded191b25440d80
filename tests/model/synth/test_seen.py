import numpy as np
import pytest

from model.landmarks import Landmarks
from model.region import Region
from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from model.synth.landmark_points import LANDMARK
from model.synth.seen import SIDE, SeenClips, follow, surroundings
from model.training.batch import ClipSource
from model.types import JOINT_NAMES, Array, Evidence, Mask
from tests.model.synth.made import small_set


class Drifter:
    """Says that the person is ten pixels to the right of where it looked, if anybody is there."""

    def __init__(self, *presences: float) -> None:
        self.presences = list(presences)
        self.looked: list[float] = []

    def __call__(self, rgb: Array, region: Region) -> Landmarks:
        assert rgb.shape == (SIDE, SIDE, 3)
        self.looked.append(region.x_px)
        mask = Mask(np.zeros((64, 64), np.uint8), region.image_to_crop(64))
        points = np.full((33, 7), region.x_px, np.float32)
        return Landmarks(points, self.presences.pop(0), region.moved(10.0, 0.0), mask)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> SynthClips:
    return SynthClips(small_set(tmp_path_factory.mktemp("set"), side=128), Backdrops(), clean=True)


def test_each_look_starts_where_the_one_before_ended() -> None:
    pictures = np.zeros((3, SIDE, SIDE, 3), np.uint8)
    crops = np.tile(np.float32([50, 50, 250, 250]), (3, 1))
    look = Drifter(1.0, 1.0, 1.0, 1.0)

    evidence = follow(pictures, np.arange(3.0), crops, look)

    assert look.looked == [150, 160, 170, 180]
    np.testing.assert_allclose(evidence.landmarks[:, 0, 0], [0.1, 0.2, 0.3], atol=1e-6)


def test_who_was_lost_is_looked_for_in_the_square() -> None:
    pictures = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    crops = np.tile(np.float32([50, 50, 250, 250]), (2, 1))
    look = Drifter(1.0, 0.1, 1.0, 1.0)

    follow(pictures, np.arange(2.0), crops, look)

    assert look.looked == [150, 160, 150, 160]


def test_turned_squares_fit_into_the_surroundings() -> None:
    squares = np.float32([[0, 0, 100, 100], [10, 5, 120, 115]])

    views = surroundings(squares)

    assert (views[0] == views[1]).all()
    region = Region.of_crop(squares[1])
    corners = np.float32([[0, 0], [0, 64], [64, 0], [64, 64]])
    in_image = (corners - region.image_to_crop(64)[:, 2]) @ np.linalg.inv(
        region.image_to_crop(64)[:, :2]
    ).T
    assert (in_image >= views[0, :2]).all()
    assert (in_image <= views[0, 2:]).all()


def test_blazepose_sees_people_where_they_are(clips: SynthClips) -> None:
    source = SeenClips(clips)
    assert isinstance(source, ClipSource)

    samples = [source.sample(index, np.random.default_rng(index)) for index in range(len(source))]

    apart = []
    for sample in samples:
        assert isinstance(sample.inputs, Evidence)
        for name in ("left_shoulder", "right_hip", "left_knee"):
            joint = sample.joints2d[:, JOINT_NAMES.index(name), :2]
            landmark = sample.inputs.landmarks[:, LANDMARK[name], :2]
            apart.append(np.linalg.norm(joint - landmark, axis=1))
        assert 0.02 < sample.inputs.mask.mean() / 255 < 0.5
    assert np.median(apart) < 0.12
