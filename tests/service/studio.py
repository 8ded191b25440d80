"""A job of two people, one of them hidden for a moment, committed when a test says so: no video."""

import secrets
from collections.abc import Sequence

from model.clip_rows import keep_rows
from model.clips import Clip, seal_clips
from service.broker import Broker
from service.broker_types import Totals
from service.clip_file import pack_rows
from service.messages import Job, JobState
from service.store import Store, result_path
from service.video_facts import TimesWriter, VideoFacts, write_facts
from tests.model.people import answer, make_crop
from tests.service.sealed import begin_job, name_of, real_job, seal

FACTS = VideoFacts(1280, 720, 30.0, 2.0, 60, ("a note",), {"decode": 1.5})
TRACKS = {1: range(40), 2: [*range(5, 20), *range(25, 41)]}  # the second is hidden for a moment


def clips_of_two() -> list[Clip]:
    seen = sorted((frame, track) for track, frames in TRACKS.items() for frame in frames)
    return list(seal_clips(make_crop(track, frame) for frame, track in seen))


def store_result(store: Store, job_id: str, clip: Clip) -> str:
    path = result_path(job_id, name_of(clip), secrets.token_hex(4))
    store.put(path, pack_rows(keep_rows(clip, answer(clip))))
    return path


def write_video_facts(store: Store, job_id: str) -> None:
    write_facts(store, job_id, FACTS)
    times = TimesWriter(store, job_id)
    for frame in range(60):
        times.see(frame, frame / 30)
    times.flush()


class Studio:
    """Plays media and worker, with rows that mean something.

    Attributes:
        job: What was submitted.
    """

    def __init__(self, broker: Broker, store: Store) -> None:
        self._broker, self._store = broker, store
        self._task = begin_job(broker, store, real_job())
        self._clips: dict[str, Clip] = {}
        self.job: Job = self._task.job
        broker.announce("worker", self.job.model_key, 64)
        write_video_facts(store, self.job.id)

    def seal(self, clips: Sequence[Clip]) -> None:
        """Find people."""
        for clip in clips:
            self._broker.renew_task(self._task.lease)
            seal(self._broker, self._store, self._task, clip)
            self._clips[name_of(clip)] = clip

    def commit(self, most: int = 64) -> None:
        """Answer clips that wait, the last one first."""
        self._broker.renew_task(self._task.lease)
        for delivery in reversed(self._broker.take("worker", self.job.model_key, most, 0)):
            self._broker.started([delivery])
            path = store_result(self._store, self.job.id, self._clips[delivery.request.clip])
            assert self._broker.commit(delivery, path, delivery.request.keep)

    def decoded(self) -> JobState:
        """Say that nobody else is in the video."""
        return self._broker.decoded(self._task.lease, Totals(60, 2, len(self._clips)))
