"""`make overload`, small, with bounds that hold on a machine busy with other tests."""

import pytest

from tests.load.overload import Bounds, overload

pytestmark = pytest.mark.slow


def test_ten_times_too_much_work_is_told_the_truth_and_slows_nothing_down() -> None:
    loose = Bounds(goodput=0.7, refusal_ms=50, noise=5, success=0.7)

    assert overload(arrive_s=2, peak_jobs=10, bounds=loose)
