import cv2
import numpy as np
import pytest

from model import cores
from model.litert import LiteRT
from model.region import Region
from service.eyes import Eyes, WideEyes


@pytest.fixture(scope="module")
def narrow() -> Eyes:
    return Eyes.load()


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Threads of each network that is loaded from now on, on a machine of three cores."""
    threads: list[int] = []
    load = LiteRT.__init__

    def noted(self: LiteRT, name: str, count: int = 1) -> None:
        threads.append(count)
        load(self, name, count)

    monkeypatch.setattr(LiteRT, "__init__", noted)
    monkeypatch.setattr("model.litert.cores_of_this_machine", lambda: 3)
    return threads


def picture() -> np.ndarray:
    return cv2.resize(np.random.default_rng(3).integers(0, 255, (6, 8, 3), np.uint8), (320, 240))


def test_they_open_when_all_cores_may_be_used(narrow: Eyes, loaded: list[int]) -> None:
    lent = 2
    eyes = WideEyes(narrow, lambda: lent)
    rgb, region = picture(), Region(160.0, 120.0, 80.0)

    alone = eyes.look(rgb, region), eyes.detect(rgb)
    assert loaded == []
    lent = 3
    wide = eyes.look(rgb, region), eyes.detect(rgb)

    assert loaded == [3, 3]
    np.testing.assert_array_equal(wide[0].points, alone[0].points)
    assert wide[1] == alone[1]
    eyes.look(rgb, region)
    assert loaded == [3, 3]


def test_where_there_is_one_core_nothing_is_loaded_twice(
    narrow: Eyes, loaded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("model.litert.cores_of_this_machine", lambda: 1)

    WideEyes(narrow, lambda: 1).widen()

    assert loaded == []


def test_a_machine_has_cores() -> None:
    assert cores.cores_of_this_machine() >= 1
