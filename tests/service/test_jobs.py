"""A job is refused where nobody has served its model for long."""

import time

import pytest

from service.broker import Broker
from service.errors import ModelUnavailableError
from service.jobs import Caller, Jobs
from service.messages import Job
from service.options import ReconstructOptions
from service.settings import Settings
from service.store import Store
from tests.load.fleet import wait_for

ABSENCE_S = 0.4


@pytest.fixture
def jobs(broker: Broker, store: Store) -> Jobs:
    return Jobs(Settings(model_absence_s=ABSENCE_S), store, broker)


def prepare(jobs: Jobs) -> Job:
    return jobs.prepare(ReconstructOptions(), Caller(), 1000)


def is_refused(jobs: Jobs) -> bool:
    try:
        prepare(jobs)
    except ModelUnavailableError:
        return True
    return False


def test_a_model_that_nobody_served_yet_is_waited_for(jobs: Jobs) -> None:
    time.sleep(2 * ABSENCE_S)

    assert not is_refused(jobs)


def test_one_that_nobody_serves_any_more_is_refused_after_a_while(
    jobs: Jobs, broker: Broker
) -> None:
    key = prepare(jobs).model_key
    broker.announce("worker", key, 16)
    assert not is_refused(jobs)

    broker.retire("worker", key)
    assert not is_refused(jobs)
    wait_for(lambda: is_refused(jobs), 10)

    broker.announce("another", key, 16)
    assert not is_refused(jobs)


def test_one_that_is_served_is_not_asked_about_each_time(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = Jobs(Settings(model_absence_s=600), store, broker)
    broker.announce("worker", prepare(jobs).model_key, 16)
    prepare(jobs)

    monkeypatch.setattr(broker, "models", lambda: pytest.fail("asked"))

    prepare(jobs)
