"""The scenes of `make load`, small, with bounds that hold on a machine busy with other tests."""

import pytest

from tests.load import load, scaling
from tests.load.rpc_reader import slow_rpc_reader

pytestmark = pytest.mark.slow


def test_the_service_keeps_the_device_at_work() -> None:
    assert load.throughput(batches=15, least=0.7)


def test_batches_of_clips_of_all_sizes_are_full() -> None:
    assert load.fill(jobs=30)


def test_short_jobs_do_not_wait_for_a_long_one() -> None:
    assert load.fairness(long_clips=300, short_jobs=5, short_clips=4, most=4, long_most=1.5)


def test_a_clip_costs_redis_less_than_4_kb() -> None:
    assert load.redis_memory(clips=100)


def test_two_workers_do_twice_the_work() -> None:
    assert scaling.scaling(batches=30, least=1.6)


def test_of_two_workers_one_finishes_when_the_other_is_killed() -> None:
    assert scaling.one_killed(batches=30)


def test_a_slow_reader_takes_little_memory() -> None:
    assert slow_rpc_reader(rounds=1, seconds=2, least=0.1)
