"""How people are looked at: in a mirror, both ways, and the right way up."""

from dataclasses import replace

import pytest

from model.detect import Detection
from model.landmarks import Landmarks
from model.region import Region
from model.track import track_people
from model.types import Array
from tests.model.toy_people import RED, ToyDetector, film, look, walk


def test_who_is_found_upside_down_and_stands_is_seen_standing() -> None:
    """A network that sees people in whichever turn it looks at them, as BlazePose does."""

    class TurnedDetector(ToyDetector):
        def detect(self, rgb: Array, *, small: bool = True) -> list[Detection]:
            found = super().detect(rgb, small=small)
            return [replace(d, region=replace(d.region, rotation_rad=3.0)) for d in found]

    def believe(rgb: Array, region: Region) -> Landmarks:
        found = look(rgb, region)
        return replace(found, region=replace(found.region, rotation_rad=region.rotation_rad))

    turns: list[float] = []

    def watched(rgb: Array, region: Region) -> Landmarks:
        turns.append(region.rotation_rad)
        return believe(rgb, region)

    list(track_people(film({RED: walk(100, 50)}, 30), TurnedDetector(), watched))

    assert turns[:4] == [3.0, 3.0, 0.0, 0.0]  # plain and in a mirror
    assert set(turns[4:12]) == {0.0}


@pytest.mark.parametrize("fps", [15, 30])
def test_every_other_frame_is_seen_in_a_mirror(fps: float) -> None:
    assert ways_seen(fps) == [{index % 2 == 1} for index in range(1, 9)]


def test_where_frames_are_few_each_is_seen_both_ways() -> None:
    assert ways_seen(10) == [{False, True}] * 8


def ways_seen(fps: float) -> list[set[bool]]:
    """Whether each of some frames behind the first was seen plainly, in a mirror, or both."""
    frames = [replace(f, pts_s=f.index / fps) for f in film({RED: walk(240, 0)}, 9)]
    ways: list[set[bool]] = [set() for _ in frames]
    pictures = [id(frame.rgb) for frame in frames]

    def watched(rgb: Array, region: Region) -> Landmarks:
        ways[pictures.index(id(rgb))].add(region.mirrored)
        return look(rgb, region)

    list(track_people(frames, ToyDetector(), watched))
    return ways[1:]
