"""Jobs that have succeeded, with results made up for the people in a real video."""

import secrets
from pathlib import Path

from model.clip_rows import keep_rows
from model.video import Limits
from service.broker import Broker
from service.clip_file import pack_rows, unpack_clip
from service.media_job import DecodeTask, Pace
from service.messages import Job, JobOptions
from service.settings import Settings
from service.store import Store, result_path
from tests.model.people import answer
from tests.service.jobs_of_videos import BRIEF, SAMPLE, claim, upload


def answer_clips(broker: Broker, store: Store, model_key: str) -> None:
    """Commit made-up rows for every clip that waits."""
    broker.announce("worker", model_key, 64)
    for delivery in broker.take("worker", model_key, 64, 0):
        broker.started([delivery])
        clip = unpack_clip(store.get(delivery.request.path))
        path = result_path(delivery.request.job, delivery.request.clip, secrets.token_hex(4))
        store.put(path, pack_rows(keep_rows(clip, answer(clip))))
        assert broker.commit(delivery, path, delivery.request.keep)


def finished_job(broker: Broker, store: Store, folder: Path, options: JobOptions = BRIEF) -> Job:
    """Decode the sample, and answer its clips."""
    task = claim(broker, store, options)
    upload(store, task.job.id, SAMPLE.read_bytes())
    pace = Pace(lambda: None, lambda _: None)
    most = Settings().max_unprocessed_windows
    DecodeTask(store, broker, task, Limits(), folder, most, pace).run()
    answer_clips(broker, store, task.job.model_key)
    status = broker.status(task.job.id)
    assert status is not None
    assert status.state == "succeeded"
    return task.job
