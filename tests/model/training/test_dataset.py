from pathlib import Path

import numpy as np
import pytest

from model.crops import published_crop
from model.errors import InputError
from model.training.augment import Augmentation, AugmentConfig
from model.training.dataset import TsvClips
from model.training.tsv_set import TsvSet
from tests.model.training.sets import write_set


@pytest.fixture
def rows(tmp_path: Path) -> TsvSet:
    return TsvSet(write_set(tmp_path, {"a": 11}))


@pytest.fixture
def meshes(tmp_path: Path) -> TsvSet:
    return TsvSet(write_set(tmp_path, {"a": 8}, mesh_vertices=431))


def test_a_plain_window_is_the_frames_as_they_are(rows: TsvSet) -> None:
    clips = TsvClips(rows, crop="published")

    sample = clips.read(clips.windows[0])

    label = rows.label(3)
    expected = published_crop(rows.image(3), label.center_px, label.side_px / 200)
    np.testing.assert_array_equal(sample.pixels[3], np.rint(expected).astype(np.uint8))
    np.testing.assert_allclose(sample.pose[3], label.pose, atol=1e-6)
    assert sample.has_mesh.all()


def test_exact_and_published_crops_show_the_same(rows: TsvSet) -> None:
    draw = Augmentation(rotation_deg=20.0, flip=True, gains=(0.8, 1.0, 1.1))

    window = TsvClips(rows).windows[0]

    exact = TsvClips(rows).read(window, draw)
    published = TsvClips(rows, crop="published").read(window, draw)

    difference = exact.pixels.astype(float) - published.pixels
    assert np.median(np.abs(difference)) < 12  # the published square is cut at whole pixels
    assert np.abs(exact.joints2d - published.joints2d)[..., :2].max() <= 2 * 2 / 224


def test_reversing_turns_time_alone(rows: TsvSet) -> None:
    clips = TsvClips(rows)
    window = clips.windows[0]

    forward, backward = clips.read(window), clips.read(window, Augmentation(reverse=True))

    for there, back in zip(forward, backward, strict=True):
        if there is not None:
            np.testing.assert_array_equal(there, back[::-1])


def test_the_last_window_holds_the_last_frames(rows: TsvSet) -> None:
    clips = TsvClips(rows)

    assert len(clips) == 2
    assert clips.windows[1].rows == tuple(range(3, 11))


def test_a_sample_is_its_index_and_seed(rows: TsvSet) -> None:
    clips = TsvClips(rows)

    first, again, other = (clips.sample(0, np.random.default_rng(s)) for s in (1, 1, 2))

    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert (first.pixels != other.pixels).any()


def test_labelled_meshes_turn_with_the_picture_and_are_not_mirrored(meshes: TsvSet) -> None:
    clips = TsvClips(meshes, augment=AugmentConfig(flip=1, rotation_deg=0))

    sample = clips.sample(0, np.random.default_rng(0))
    turned = clips.read(clips.windows[0], Augmentation(rotation_deg=90.0)).mesh_m

    plain = clips.read(clips.windows[0]).mesh_m
    assert {tuple(m[0]) for m in sample.mesh_m} == {tuple(m[0]) for m in plain}
    np.testing.assert_allclose(turned, plain[..., [1, 0, 2]] * [1, -1, 1], atol=1e-6)


def test_labels_without_the_mesh_that_was_asked_for_are_named(tmp_path: Path) -> None:
    path = write_set(tmp_path, {"a": 8})
    path.write_text(path.read_text().replace("mesh: smpl", "mesh: labelled"))
    clips = TsvClips(TsvSet(path))

    with pytest.raises(InputError, match=r"train\.label\.tsv, line 1 has no 'mesh_m'"):
        clips.read(clips.windows[0])
