from fractions import Fraction

import pytest

from model.decoding.clock import Clock

MS = Fraction(1, 1000)


def times(clock: Clock, *pts: int | None) -> list[float]:
    return [clock.tick(p) for p in pts]


def test_time_starts_at_the_first_frame():
    clock = Clock(MS, Fraction(25))

    assert times(clock, 3000, 3040, 3100) == pytest.approx([0, 0.04, 0.1])


def test_a_frame_without_a_timestamp_follows_at_the_rate():
    clock = Clock(MS, Fraction(25))

    assert times(clock, 0, None, 100) == pytest.approx([0, 0.04, 0.1])


def test_timestamps_that_begin_late_are_counted_from_the_first_frame():
    clock = Clock(MS, Fraction(25))

    assert times(clock, None, None, 580, 700) == pytest.approx([0, 0.04, 0.08, 0.2])


def test_time_never_stands_still_or_runs_back():
    clock = Clock(MS, Fraction(25))

    assert times(clock, 0, 0, -500, 200) == pytest.approx([0, 0.04, 0.08, 0.2])
    assert clock.repaired == 2


def test_times_do_not_drift():
    clock = Clock(Fraction(1001, 30000), Fraction(30000, 1001))

    assert times(clock, *range(9000))[-1] == 8999 * 1001 / 30000


def test_the_end_is_one_frame_after_the_last():
    clock = Clock(MS, Fraction(25))

    times(clock, 0, 100)

    assert clock.end_s == pytest.approx(0.14)
