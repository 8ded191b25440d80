"""What is joined comes apart again, row by row."""

import numpy as np
import pytest

from model.types import Estimate, Evidence
from service.runner import blank_inputs
from service.stacking import count_rows, join_estimates, join_inputs, split_estimate, take_rows
from tests.service.runners import marked_inputs


def estimate(rows: int, regressed: bool = False) -> Estimate:
    numbers = np.random.default_rng(rows)

    def draw(*shape: int) -> np.ndarray:
        return numbers.normal(size=(rows, *shape)).astype(np.float32)

    extra = {"rotmat": draw(24, 3, 3), "betas": draw(10)} if regressed else {}
    return Estimate(draw(3), draw(14, 3), draw(431, 3), **extra)


def test_evidence_of_many_clips_becomes_one_in_order() -> None:
    joined = join_inputs([marked_inputs(1, 5), marked_inputs(2, 9)])

    assert isinstance(joined, Evidence)
    assert count_rows(joined) == 24
    assert list(joined.mask[:, 0, 0]) == [5] * 8 + [9] * 16


def test_pixels_of_many_clips_become_one() -> None:
    assert count_rows(join_inputs([blank_inputs("pixels", 1)] * 2)) == 16


def test_pixels_and_evidence_do_not_mix() -> None:
    with pytest.raises(ValueError, match="pixels and evidence"):
        join_inputs([blank_inputs("pixels", 1), blank_inputs("evidence", 1)])


@pytest.mark.parametrize("sees", ["pixels", "evidence"])
def test_some_rows_are_taken_without_a_copy(sees: str) -> None:
    inputs = blank_inputs(sees, 2)
    taken = take_rows(inputs, slice(8, 16))

    assert count_rows(taken) == 8
    arrays = (inputs.mask, taken.mask) if isinstance(inputs, Evidence) else (inputs, taken)
    assert np.shares_memory(*arrays)


@pytest.mark.parametrize("regressed", [False, True])
def test_an_answer_comes_apart_as_it_was_put_together(regressed: bool) -> None:
    parts = [estimate(8, regressed), estimate(24, regressed)]

    again = split_estimate(join_estimates(parts), [8, 24])

    for before, after in zip(parts, again, strict=True):
        for name, value in vars(before).items():
            np.testing.assert_array_equal(vars(after)[name], value)
