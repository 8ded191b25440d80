"""Time is charged to the stage that runs, never twice."""

import itertools

from model.stages import Stages


def stages_with_a_clock_that_ticks() -> Stages:
    """Every look at the clock finds it one second later."""
    return Stages(clock=itertools.count().__next__)


def test_inner_stage_pauses_the_outer() -> None:
    stages = stages_with_a_clock_that_ticks()

    with stages.stage("outer"), stages.stage("inner"):
        pass

    assert stages.seconds == {"outer": 2.0, "inner": 1.0}


def test_time_between_items_is_not_the_iterators() -> None:
    stages = stages_with_a_clock_that_ticks()

    with stages.stage("consumer"):
        items = list(stages.iterate("producer", [7, 8]))

    assert items == [7, 8]
    assert stages.seconds["producer"] == 3.0  # two items and the end
    assert stages.items == {"producer": 2}


def test_watch_hears_of_every_item() -> None:
    heard: list[tuple[str, int, int | None]] = []
    stages = Stages(watch=lambda stage, done, expected: heard.append((stage, done, expected)))
    stages.expect("decode", 2)

    list(stages.iterate("decode", "ab"))

    assert heard == [("decode", 1, 2), ("decode", 2, 2)]


def test_time_is_charged_when_a_stage_raises() -> None:
    stages = stages_with_a_clock_that_ticks()

    try:
        with stages.stage("broken"):
            raise KeyError
    except KeyError:
        pass

    assert stages.seconds == {"broken": 1.0}
