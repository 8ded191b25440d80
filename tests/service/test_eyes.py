"""Eyes open wide while there are cores for it, and see the same."""

from pathlib import Path

import numpy as np
import pytest

from model.litert import LiteRT
from model.types import Array
from model.video import open_video
from service.eyes import Eyes, WideEyes

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"


@pytest.fixture(scope="module")
def narrow() -> Eyes:
    return Eyes.load()


@pytest.fixture(scope="module")
def rgb() -> Array:
    """Somebody walking."""
    with open_video(SAMPLE) as video:
        return next(iter(video)).rgb


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Threads of each network that is loaded from now on, on a machine of three cores."""
    threads: list[int] = []
    load = LiteRT.__init__

    def noted(self: LiteRT, name: str, count: int = 1) -> None:
        threads.append(count)
        load(self, name, count)

    monkeypatch.setattr(LiteRT, "__init__", noted)
    monkeypatch.setattr("model.litert.usable_cores", lambda: 3)
    return threads


def test_they_open_when_all_cores_may_be_used(narrow: Eyes, rgb: Array, loaded: list[int]) -> None:
    lent = 2
    eyes = WideEyes(narrow, lambda: lent)

    (found,) = eyes.detect(rgb, small=False)
    seen = eyes.look(rgb, found.region)
    assert loaded == []

    lent = 3
    (found_again,) = eyes.detect(rgb, small=False)
    seen_again = eyes.look(rgb, found.region)
    assert loaded == [3, 3]

    assert found_again == found
    assert seen.presence > 0.9
    np.testing.assert_array_equal(seen_again.points, seen.points)


def test_where_there_is_one_core_nothing_is_loaded_twice(
    narrow: Eyes, loaded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.litert.usable_cores", lambda: 1)

    WideEyes(narrow, lambda: 1).widen()

    assert loaded == []
