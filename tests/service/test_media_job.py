"""A real video becomes sealed clips, the same ones however often it is begun."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model.errors import InputError
from model.extract import Options, extract_clips
from model.stages import Stages
from model.types import Array, Evidence
from model.video import Limits, open_video
from service.broker import Broker
from service.broker_types import MediaTask
from service.clip_file import unpack_clip
from service.errors import LeaseLostError, StoreFullError
from service.media_job import DecodeTask, Pace
from service.messages import JobOptions
from service.store import Store, clip_path
from service.video_facts import read_facts, read_times
from tests.model.videos import write_video
from tests.service.jobs_of_videos import BRIEF, SAMPLE, claim, upload
from tests.service.sealed import name_of

LONGER = JobOptions(end_s=0.9, max_windows=1)  # 27 frames of one person: three windows and a rest


def nothing(*_: object) -> None:
    """For those who need neither turns nor rests."""


def decoding(
    broker: Broker,
    store: Store,
    task: MediaTask,
    folder: Path,
    *,
    work: Callable[[], None] = nothing,
    rest: Callable[[str], None] = nothing,
    max_unprocessed: int = 100,
) -> DecodeTask:
    pace = Pace(work, rest)
    return DecodeTask(store, broker, task, Limits(), folder, max_unprocessed, pace)


@pytest.fixture
def task(broker: Broker, store: Store) -> MediaTask:
    """A claimed job with the sample in the store."""
    task = claim(broker, store, LONGER)
    upload(store, task.job.id, SAMPLE.read_bytes())
    return task


def sealed(store: Store, job_id: str) -> dict[str, bytes]:
    """The clips in the store, by name."""
    entries = store.entries(f"jobs/{job_id}/clips/")
    return {Path(entry.path).stem: store.get(entry.path) for entry in entries}


def arrays_of(inputs: Array | Evidence) -> list[Array]:
    return [*vars(inputs).values()] if isinstance(inputs, Evidence) else [inputs]


def test_clips_are_those_of_one_process(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    decoding(broker, store, task, tmp_path).run()

    stored = {name: unpack_clip(data) for name, data in sealed(store, task.job.id).items()}
    with open_video(SAMPLE, end_s=LONGER.end_s) as video:
        clips = list(extract_clips(video, Options(), task.job.input, nothing, Stages(), 1))
    assert stored.keys() == {name_of(clip) for clip in clips}
    for clip in clips:
        other = stored[name_of(clip)]
        for one, another in zip(arrays_of(clip.inputs), arrays_of(other.inputs), strict=True):
            np.testing.assert_array_equal(one, another)


def test_the_queue_hears_what_was_found(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    decoding(broker, store, task, tmp_path).run()

    status = broker.status(task.job.id)
    assert status is not None
    assert status.state == "running"
    assert (status.decoded, status.frames, status.people) == (True, 27, 1)
    assert (status.clips, status.windows) == (4, 4)
    kinds = {event.kind for event in broker.events(task.job.id)}
    assert {"decoding", "person_found"} <= kinds


def test_facts_and_times_lie_in_the_store(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    decoding(broker, store, task, tmp_path).run()

    facts = read_facts(store, task.job.id)
    assert facts is not None
    assert (facts.width, facts.height, facts.frame_count) == (854, 480, 27)
    assert facts.timings.keys() >= {"decode", "track", "crop"}
    np.testing.assert_allclose(read_times(store, task.job.id)[1], np.arange(27) / 30)


class CutOffError(Exception):
    """Stands for the end of the process."""


def cut_off_after(frames: int) -> Callable[[], None]:
    left = iter(range(frames))

    def work() -> None:
        if next(left, None) is None:
            raise CutOffError

    return work


def test_a_second_run_adds_what_is_missing_and_changes_nothing(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    with pytest.raises(CutOffError):
        decoding(broker, store, task, tmp_path, work=cut_off_after(25)).run()
    before = sealed(store, task.job.id)
    store.delete(clip_path(task.job.id, min(before)))  # as a worker does after its commit
    broker.release(task.lease)
    again = broker.claim_task("another", ("decode",))
    assert again is not None

    decoding(broker, store, again, tmp_path).run()

    after = sealed(store, task.job.id)
    assert 0 < len(before) < 4
    assert len(after) == 3, "what was committed is not stored again"
    assert all(after[name] == data for name, data in before.items() if name in after)
    status = broker.status(task.job.id)
    assert status is not None
    assert status.clips == 4


def test_decoding_pauses_while_enough_is_unprocessed(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    broker.announce("worker", task.job.model_key, 16)
    waits: list[tuple[str, int]] = []

    def answer_clips(why: str) -> None:
        waits.append((why, broker.unprocessed_windows(task.job.id)))
        for delivery in broker.take("worker", task.job.model_key, 16, 0) if why != "upload" else ():
            broker.started([delivery])
            broker.commit(delivery, "somewhere", delivery.request.keep)

    decoding(broker, store, task, tmp_path, rest=answer_clips, max_unprocessed=1).run()

    assert [waiting for why, waiting in waits if why == "workers"] == [2, 2]


def test_a_lost_lease_ends_it(
    broker: Broker, store: Store, task: MediaTask, tmp_path: Path
) -> None:
    broker.cancel(task.job.id)

    with pytest.raises(LeaseLostError):
        decoding(broker, store, task, tmp_path).run()


def test_a_video_of_nobody_fails_the_job(broker: Broker, store: Store, tmp_path: Path) -> None:
    task = claim(broker, store)
    upload(store, task.job.id, write_video(tmp_path / "grey.mp4").read_bytes())

    decoding(broker, store, task, tmp_path).run()

    status = broker.status(task.job.id)
    assert status is not None
    assert (status.state, status.code) == ("failed", "no_person_found")


def test_a_bad_video_raises_its_error(broker: Broker, store: Store, tmp_path: Path) -> None:
    task = claim(broker, store)
    upload(store, task.job.id, b"no video at all" * 100)

    with pytest.raises(InputError) as raised:
        decoding(broker, store, task, tmp_path).run()

    assert raised.value.code == "not_a_video"


def test_a_full_store_is_waited_for(
    broker: Broker,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task = claim(broker, store, BRIEF)
    upload(store, task.job.id, SAMPLE.read_bytes())
    put, room, rests = store.put, iter([False, False]), []

    def put_later(path: str, data: bytes) -> None:
        if "/clips/" in path and next(room, True) is False:
            raise StoreFullError("disk_full", "no room")
        put(path, data)

    monkeypatch.setattr(store, "put", put_later)

    decoding(broker, store, task, tmp_path, rest=rests.append).run()

    assert rests.count("store") == 2
    assert len(sealed(store, task.job.id)) == 1
