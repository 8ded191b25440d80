from pathlib import Path

import numpy as np
import pytest

from model.encode import write_mp4
from model.errors import InputError
from model.films import observed
from model.films.observed import code_id, observe, observe_once
from model.types import Evidence
from model.video import open_video

SAMPLE = Path(__file__).parents[3] / "docs" / "sample" / "walk.mp4"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some frames of the sample clip."""
    path = tmp_path_factory.mktemp("film") / "walk.mp4"
    with open_video(SAMPLE, start_s=3.0, end_s=3.35) as video:
        write_mp4(video, path)
    return path


@pytest.fixture(scope="module")
def kept(film: Path) -> Path:
    observe_once(film, film.parent)
    return film.parent


def test_what_was_kept_is_what_was_seen(film: Path, kept: Path) -> None:
    seen = observe(film, "evidence")

    again = observe_once(film, kept)

    assert len(again.clips) > 0

    assert (again.info.width, again.info.height) == (854, 480)
    assert np.array_equal(again.pts_s, seen.pts_s)
    assert [clip.id for clip in again.clips] == [clip.id for clip in seen.clips]
    for one, other in zip(again.clips, seen.clips, strict=True):
        assert isinstance(one.inputs, Evidence)
        assert isinstance(other.inputs, Evidence)
        assert all(np.array_equal(vars(one.inputs)[k], v) for k, v in vars(other.inputs).items())
        assert np.array_equal(one.keep, other.keep)
        assert np.array_equal(one.observations[3].crop_px, other.observations[3].crop_px)


def test_films_are_looked_at_once(film: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look(*_: object) -> None:
        raise AssertionError("looked again")

    monkeypatch.setattr(observed, "observe", look)

    assert len(observe_once(film, kept).clips) > 0


def test_other_code_looks_again(film: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_id()
    monkeypatch.setattr(observed, "_LOOKS", ("clips.py",))

    observe_once(film, kept)

    assert code_id() != before
    assert {f"{before}/walk.npz", f"{code_id()}/walk.npz"} <= {
        str(file.relative_to(kept)) for file in kept.glob("*/*.npz")
    }


def test_damaged_observations_are_named(tmp_path: Path) -> None:
    file = tmp_path / code_id() / "walk.npz"
    file.parent.mkdir()
    file.write_bytes(b"no archive")

    with pytest.raises(InputError, match=r"walk\.npz") as caught:
        observe_once(SAMPLE, tmp_path)

    assert caught.value.code == "bad_observations"
