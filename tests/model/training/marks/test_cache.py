from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.training.marks import cache
from model.training.marks.cache import cached_looks
from model.training.marks.looks import Look
from model.training.marks.marks import MarkedVideo
from model.types import Evidence
from tests.model.training.marks.cases import marked, seen

VIDEO = MarkedVideo("a.mp4", "0" * 64, (marked(3), marked(8)))
PATH = Path("a.mp4")


class Looks:
    """Stands for the pipeline: the first marked person is missed, the second found."""

    def __init__(self, found: Look) -> None:
        self.count = 0
        self._found = found

    def __call__(self, *_: object) -> list[Look | None]:
        self.count += 1
        return [None, self._found]


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks(seen(row=5))
    monkeypatch.setattr(cache, "look_at", looks)
    return looks


def test_a_video_is_looked_at_once(looks: Looks, tmp_path: Path) -> None:
    for _ in range(3):
        cached_looks(PATH, VIDEO, "evidence", tmp_path / "cache")

    assert looks.count == 1


@pytest.mark.usefixtures("looks")
def test_what_was_seen_comes_back_as_it_was(tmp_path: Path) -> None:
    missed, found = cached_looks(PATH, VIDEO, "evidence", tmp_path)

    assert missed is None
    assert found is not None
    assert found.row == 5
    assert isinstance(found.inputs, Evidence)
    assert found.inputs.mask.shape == (8, 64, 64)
    np.testing.assert_array_equal(found.landmarks, seen().landmarks)


def test_pixels_come_back_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 224, 224, 3), np.uint8)
    monkeypatch.setattr(cache, "look_at", Looks(replace(seen(), inputs=pixels)))

    found = cached_looks(PATH, VIDEO, "pixels", tmp_path)[1]

    assert found is not None
    np.testing.assert_array_equal(found.inputs, pixels)


def test_other_marks_or_inputs_are_looked_at_again(looks: Looks, tmp_path: Path) -> None:
    moved = replace(VIDEO, marks=(marked(3), marked(9)))

    cached_looks(PATH, VIDEO, "evidence", tmp_path)
    cached_looks(PATH, moved, "evidence", tmp_path)
    cached_looks(PATH, VIDEO, "pixels", tmp_path)

    assert looks.count == 3


def test_a_corrected_joint_needs_no_other_look(looks: Looks, tmp_path: Path) -> None:
    corrected = marked(8, joints_px=marked().joints_px + 1)

    cached_looks(PATH, VIDEO, "evidence", tmp_path)
    cached_looks(PATH, replace(VIDEO, marks=(marked(3), corrected)), "evidence", tmp_path)

    assert looks.count == 1


def test_without_a_folder_nothing_is_kept(looks: Looks) -> None:
    for _ in range(2):
        cached_looks(PATH, VIDEO, "evidence", None)

    assert looks.count == 2


@pytest.mark.usefixtures("looks")
def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    cached_looks(PATH, VIDEO, "evidence", tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])

    with pytest.raises(InputError, match=file.name) as caught:
        cached_looks(PATH, VIDEO, "evidence", tmp_path)

    assert caught.value.code == "bad_cache"
