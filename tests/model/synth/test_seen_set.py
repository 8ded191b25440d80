import json
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.synth.backdrop import Backdrops
from model.synth.dataset import SynthClips
from model.synth.seen_set import SeenSet, is_seen_set, jitter, see_clips
from model.training.batch import ClipSource, LabelledClips
from model.training.windows import cut_windows
from tests.model.synth.made import small_set


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips, each looked at twice."""
    place = tmp_path_factory.mktemp("sets")
    clips = SynthClips(small_set(place / "baked", side=128), Backdrops(), clean=True)
    see_clips(clips, place / "seen", looks=2)
    return place / "seen"


def test_clips_are_kept_with_what_is_true_of_them(folder: Path) -> None:
    kept = SeenSet([folder])
    assert isinstance(kept, ClipSource)
    assert isinstance(kept, LabelledClips)

    samples = [kept.read(window) for window in cut_windows(kept.tracks)]

    assert (len(kept), kept.frames, len(samples)) == (4, 32, 4)
    assert all(np.isfinite(sample.inputs.landmarks).all() for sample in samples)
    np.testing.assert_array_equal(samples[0].has_mesh, True)


def test_every_look_at_a_clip_is_another(folder: Path) -> None:
    kept = SeenSet([folder])

    first, second, again = (kept.read(cut_windows(kept.tracks)[i]) for i in (0, 1, 2))

    assert np.abs(first.mesh_m - again.mesh_m).max() < 0.1  # the same clip, from another square
    assert not np.array_equal(first.landmarks, again.landmarks)
    assert np.abs(first.mesh_m - second.mesh_m).max() > 0.1


def test_several_sets_follow_one_another(folder: Path) -> None:
    both = SeenSet([folder, folder])
    windows = cut_windows(both.tracks)

    assert len(both) == 8
    np.testing.assert_array_equal(both.read(windows[5]).mask, both.read(windows[1]).mask)


def test_jitter_is_small_and_leaves_the_labels(folder: Path) -> None:
    sample = SeenSet([folder]).read(cut_windows(SeenSet([folder]).tracks)[0])

    jittered = [jitter(sample, np.random.default_rng(seed)) for seed in range(50)]

    apart = np.stack([j.landmarks - sample.landmarks for j in jittered])
    assert 0.01 < apart[..., :2].std() < 0.05
    assert not apart[..., 3].any()  # visibility stays
    assert all(j.mesh_m is sample.mesh_m for j in jittered)
    assert 0 < sum(not j.mask.any() for j in jittered) < 20


@pytest.mark.parametrize("card", ["{}", "[", json.dumps({"clips": 9})])
def test_a_damaged_set_is_refused(folder: Path, tmp_path: Path, card: str) -> None:
    for file in folder.glob("*.npy"):
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "seen.json").write_text(card)

    assert is_seen_set(tmp_path)
    with pytest.raises(InputError, match="remocap look") as caught:
        SeenSet([tmp_path])
    assert caught.value.code == "bad_seen_set"
