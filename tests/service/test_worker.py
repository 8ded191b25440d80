"""A worker on a real Redis and a real store; the device is a toy."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from threading import Event, Thread

import numpy as np
import pytest

from model.types import Evidence
from service.broker import Broker
from service.clip_file import pack_rows, unpack_clip
from service.messages import JobState
from service.runner import DeviceLostError, OutOfMemoryError, Runner
from service.settings import load_settings
from service.sleeping import NO_NUMBER, RAISE, SLEEPING_KEY, FaultSettings, FaultyRunner
from service.stacking import Inputs, count_rows
from service.store import Store, clip_path, result_path
from service.worker import Worker
from tests.load.fleet import wait_for
from tests.service.cases import silence
from tests.service.runners import ToyRunner
from tests.service.sealed import (
    SLEEPING,
    committed,
    expected_camera,
    make_clip,
    name_of,
    seal_job,
)

FAULTS = FaultSettings(faults=True)


class Running:
    """A worker in a thread."""

    def __init__(
        self, address: str, store: Store, runner: Runner, lease_s: float, batch_windows: int
    ) -> None:
        settings = load_settings(lease_s=lease_s, batch_windows=batch_windows, drain_s=60)
        self.stop = Event()
        self.error: BaseException | None = None
        self.worker = Worker(settings, runner, Broker(address, lease_s=lease_s), store, self.stop)
        self.thread = Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.worker.run()
        except BaseException as error:
            self.error = error

    def end(self) -> None:
        self.stop.set()
        self.thread.join(90)
        assert not self.thread.is_alive()


Start = Callable[..., Running]


@pytest.fixture
def start(redis_address: str, store: Store) -> Iterator[Start]:
    running: list[Running] = []

    def begin(runner: Runner, lease_s: float = 10, batch_windows: int = 4) -> Running:
        running.append(Running(redis_address, store, runner, lease_s, batch_windows))
        return running[-1]

    yield begin
    for worker in running:
        worker.end()


def toy(before: Callable[[Inputs], None] = lambda _: None) -> ToyRunner:
    return ToyRunner(before, key=SLEEPING_KEY)


def is_clip(inputs: Inputs) -> bool:
    """Whether these are clips of `make_clip`'s, and not what devices are warmed up with."""
    assert isinstance(inputs, Evidence)
    return bool(inputs.mask[:, 0, 2].any())


class Gate:
    """A device that works only while it is open, and says when it is asked."""

    def __init__(self) -> None:
        self.asked, self.open = Event(), Event()

    def __call__(self, inputs: Inputs) -> None:
        if is_clip(inputs):
            self.asked.set()
            assert self.open.wait(60)


def state_of(broker: Broker, job_id: str) -> JobState:
    status = broker.status(job_id)
    assert status is not None
    return status.state


def wait_until(broker: Broker, job_id: str, state: JobState) -> None:
    wait_for(lambda: state_of(broker, job_id) == state, within_s=90)


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


def test_a_clip_that_raises_fails_its_job_and_names_the_frames(
    broker: Broker, store: Store, start: Start
) -> None:
    bad = seal_job(broker, store, [make_clip(0), make_clip(1, fault=RAISE)])
    good = seal_job(broker, store, [make_clip(track_id=2)])

    start(FaultyRunner(toy(), FAULTS))
    wait_until(broker, bad, "failed")
    wait_until(broker, good, "succeeded")

    status = broker.status(bad)
    assert status is not None
    assert status.code == "clip_failed"
    assert "frames 8 to 15" in str(status.message)
    assert [dead.request.clip for dead in broker.dead_clips()] == [name_of(make_clip(1))]


def test_an_answer_without_numbers_fails_its_job(
    broker: Broker, store: Store, start: Start
) -> None:
    job_id = seal_job(broker, store, [make_clip(fault=NO_NUMBER)])

    start(FaultyRunner(toy(), FAULTS))
    wait_until(broker, job_id, "failed")

    status = broker.status(job_id)
    assert status is not None
    assert status.code == "bad_output"


def test_a_damaged_clip_fails_its_job(broker: Broker, store: Store, start: Start) -> None:
    job_id = seal_job(broker, store, [make_clip()])
    store.put(clip_path(job_id, name_of(make_clip())), b"not a clip")

    start(toy())
    wait_until(broker, job_id, "failed")

    status = broker.status(job_id)
    assert status is not None
    assert status.code == "damaged_object"


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


def test_a_clip_past_its_deadline_is_not_begun(broker: Broker, store: Store, start: Start) -> None:
    late = replace(SLEEPING, deadline_s=time.time() - 1)
    job_id = seal_job(broker, store, [make_clip()], late)
    runner = toy()

    start(runner)
    wait_until(broker, job_id, "failed")

    assert runner.batches == [1, 1, 2, 4]  # warming up


def test_a_device_with_less_memory_asks_for_less(broker: Broker, start: Start) -> None:
    def fit(inputs: Inputs) -> None:
        if count_rows(inputs) > 16:
            raise OutOfMemoryError("too many")

    start(toy(fit), lease_s=1, batch_windows=8)

    wait_for(lambda: [model.batch_windows for model in broker.models()] == [2])


def test_a_result_whose_commit_was_forgotten_is_found_and_committed(
    broker: Broker, store: Store, start: Start
) -> None:
    from model.clip_rows import keep_rows

    clip = make_clip()
    job_id = seal_job(broker, store, [clip])
    inputs = clip_path(job_id, name_of(clip))
    rows = keep_rows(unpack_clip(store.get(inputs)), toy().predict(clip.inputs))
    store.put(result_path(job_id, name_of(clip), "earlier"), pack_rows(rows))
    store.delete(inputs)

    start(toy())
    wait_until(broker, job_id, "succeeded")

    assert list(broker.results(job_id).values()) == [result_path(job_id, name_of(clip), "earlier")]


def test_a_clip_without_inputs_is_sealed_again(broker: Broker, store: Store, start: Start) -> None:
    job_id = seal_job(broker, store, [make_clip()])
    store.delete(clip_path(job_id, name_of(make_clip())))

    start(toy())

    wait_for(lambda: (broker.claim_task("media", ("decode",))) is not None)


def test_a_clip_that_cannot_be_read_in_a_way_nobody_thought_of_fails_its_job(
    broker: Broker, store: Store, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(_: bytes) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("service.clip_loader.unpack_clip", break_down)
    job_id = seal_job(broker, store, [make_clip()])

    start(toy())
    wait_until(broker, job_id, "failed")


def test_it_says_why_it_is_not_ready(start: Start) -> None:
    gate = Gate()
    running = start(toy(gate))
    wait_for(lambda: running.worker.ready() is None)

    running.stop.set()

    assert running.worker.ready() == "draining"
