"""The scenes of `make chaos`, small: real workers are killed, stopped, poisoned and starved."""

import pytest

from service.sleeping import HANG
from tests.load import chaos

pytestmark = pytest.mark.slow


def test_random_kills_lose_nothing_and_blame_nobody() -> None:
    # The grace is for a machine that is busy with other tests; `make chaos` allows a second.
    assert chaos.kills(jobs=30, count=4, lease_s=2, pause_s=2, grace_s=10)


def test_a_worker_that_was_stopped_past_its_lease_is_refused() -> None:
    assert chaos.stopped()


def test_a_clip_that_kills_its_worker_is_given_up_and_its_neighbours_succeed() -> None:
    assert chaos.poison(neighbours=6)


def test_a_clip_that_hangs_in_its_worker_is_given_up_too() -> None:
    assert chaos.poison(neighbours=4, lease_s=1, fault=HANG)


def test_out_of_memory_halves_the_batch_and_costs_nothing() -> None:
    assert chaos.memory(jobs=8)


def test_workers_told_to_stop_under_load_fail_no_job() -> None:
    assert chaos.drain(jobs=20)
