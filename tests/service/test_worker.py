"""A worker on a real Redis and a real store; the device is a toy."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from service.broker import Broker
from service.runner import DeviceLostError, OutOfMemoryError
from service.sleeping import SLEEPING_KEY
from service.stacking import Inputs, count_rows
from service.store import Store, clip_path, result_path
from tests.load.fleet import wait_for
from tests.service.cases import silence
from tests.service.live_worker import Start, starting, wait_until
from tests.service.runners import Gate, is_clip, toy
from tests.service.sealed import committed, expected_camera, make_clip, name_of, seal_job


@pytest.fixture
def start(redis_address: str, store: Store) -> Iterator[Start]:
    with starting(redis_address, store) as begin:
        yield begin


def test_clips_of_many_jobs_are_answered_each_with_its_own(
    broker: Broker, store: Store, start: Start
) -> None:
    clips = {track: [make_clip(n, track_id=track) for n in range(3)] for track in (1, 2, 3)}
    jobs = {track: seal_job(broker, store, clips[track]) for track in clips}

    start(toy())

    for track, job_id in jobs.items():
        wait_until(broker, job_id, "succeeded")
        cameras = committed(broker, store, job_id)
        assert cameras.keys() == {name_of(clip) for clip in clips[track]}
        for clip in clips[track]:
            np.testing.assert_array_equal(cameras[name_of(clip)], expected_camera(clip))


def test_no_answer_waits_while_a_clip_runs_that_may_kill_its_worker(
    broker: Broker, store: Store, start: Start
) -> None:
    job_id = seal_job(broker, store, [make_clip(n) for n in range(4)])
    broker.announce("vanished", SLEEPING_KEY, 16)
    silence(broker, broker.started(broker.take("vanished", SLEEPING_KEY, 16)))
    answered_before: list[int] = []

    def count(inputs: Inputs) -> None:
        if is_clip(inputs):
            answered_before.append(len(broker.results(job_id)))

    start(toy(count))
    wait_until(broker, job_id, "succeeded")

    assert answered_before == [0, 1, 2, 3]


def test_the_inputs_go_when_the_result_is_committed(
    broker: Broker, store: Store, start: Start
) -> None:
    job_id = seal_job(broker, store, [make_clip()])

    start(toy())
    wait_until(broker, job_id, "succeeded")

    path = clip_path(job_id, name_of(make_clip()))
    wait_for(lambda: store.size(path) is None)


def test_a_batch_is_filled_from_several_jobs(broker: Broker, store: Store, start: Start) -> None:
    jobs = [seal_job(broker, store, [make_clip(track_id=track)]) for track in range(1, 9)]
    runner = toy()

    start(runner)
    for job_id in jobs:
        wait_until(broker, job_id, "succeeded")

    assert runner.batches[-2:] == [4, 4]


def test_told_to_stop_it_commits_what_runs_and_gives_back_what_waits(
    broker: Broker, store: Store, start: Start
) -> None:
    gate = Gate()
    job_id = seal_job(broker, store, [make_clip(n, windows=4) for n in range(0, 12, 4)])
    first = start(toy(gate))
    assert gate.asked.wait(60)

    first.stop.set()
    gate.open.set()
    first.end()

    assert first.error is None
    assert list(committed(broker, store, job_id)) == ["t1-f0-n32"]
    start(toy())
    wait_until(broker, job_id, "succeeded")
    assert len(committed(broker, store, job_id)) == 3


def test_what_a_lost_device_had_in_hand_is_tried_again_alone(
    broker: Broker, store: Store, start: Start
) -> None:
    def lose(inputs: Inputs) -> None:
        if is_clip(inputs):
            raise DeviceLostError("gone")

    jobs = [seal_job(broker, store, [make_clip(track_id=track)]) for track in (1, 2)]
    first = start(toy(lose), lease_s=1, batch_windows=2)
    first.thread.join(60)

    assert isinstance(first.error, DeviceLostError)
    runner = toy()
    start(runner, lease_s=1)
    for job_id in jobs:
        wait_until(broker, job_id, "succeeded")
    assert runner.batches[-2:] == [1, 1]


def test_a_batch_that_takes_longer_than_the_lease_keeps_it(
    broker: Broker, store: Store, start: Start, redis_address: str
) -> None:
    gate = Gate()
    job_id = seal_job(broker, store, [make_clip()])
    start(toy(gate), lease_s=2)
    assert gate.asked.wait(60)

    time.sleep(3)
    others = Broker(redis_address, lease_s=2)
    assert others.take("thief", SLEEPING_KEY, 4) == []
    others.close()
    gate.open.set()

    wait_until(broker, job_id, "succeeded")


def test_a_late_answer_is_refused_and_leaves_nothing(
    broker: Broker, store: Store, start: Start
) -> None:
    gate = Gate()
    job_id = seal_job(broker, store, [make_clip()])
    start(toy(gate))
    assert gate.asked.wait(60)

    broker.cancel(job_id)
    gate.open.set()

    folder = result_path(job_id, "", "").rpartition("/")[0]
    wait_for(lambda: clip_was_refused() > 0)
    wait_for(lambda: not list(store.entries(f"{folder}/")))


def clip_was_refused() -> float:
    from service.metrics import CLIPS

    return CLIPS.labels("refused")._value.get()


def test_a_device_with_less_memory_asks_for_less(broker: Broker, start: Start) -> None:
    def fit(inputs: Inputs) -> None:
        if count_rows(inputs) > 16:
            raise OutOfMemoryError("too many")

    start(toy(fit), lease_s=1, batch_windows=8)

    wait_for(lambda: [model.batch_windows for model in broker.models()] == [2])


def test_it_says_why_it_is_not_ready(start: Start) -> None:
    gate = Gate()
    running = start(toy(gate))
    wait_for(lambda: running.worker.ready() is None)

    running.stop.set()

    assert running.worker.ready() == "draining"
