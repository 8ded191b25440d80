"""The media role with its real children, on a real Redis and a real store."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pytest

from model.extract import Options, extract_clips
from model.stages import Stages
from model.video import open_video
from service.broker import Broker
from service.broker_types import ExportState, JobStatus
from service.clip_file import pack_clip
from service.exports import export_request
from service.media import Media
from service.messages import ExportRequest, JobOptions
from service.settings import Settings
from service.store import Store
from service.supervisor import settings_env
from service.upload_parts import PartWriter
from tests.load.fleet import wait_for
from tests.model.videos import claim_size, write_sound, write_video
from tests.service.finished import finished_job
from tests.service.jobs_of_videos import SAMPLE, submit_job, submit_video, upload

LEASE_S = 2.0
WHOLE = JobOptions()


class Running:
    """A media process in a thread of this one; its children are real."""

    def __init__(self, address: str, store: str, **changes: Any) -> None:
        self.settings = Settings(
            redis_url=address, store_url=store, lease_s=LEASE_S, drain_s=4, **changes
        )
        self.broker, self.store = Broker.of(self.settings), Store.of(self.settings)
        self.media = Media(self.settings, self.broker, self.store)
        self._stop = Event()
        self._thread = Thread(target=self.media.run, args=[self._stop])
        self._thread.start()

    def end(self) -> None:
        self._stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()

    def status(self, job_id: str) -> JobStatus:
        status = self.broker.status(job_id)
        assert status is not None
        return status

    def await_decoded(self, *job_ids: str, within_s: float = 120) -> list[JobStatus]:
        """Wait until the jobs are decoded, or over; return how they stand."""

        def all_there() -> bool:
            return all(s.decoded or s.over for s in map(self.status, job_ids))

        wait_for(all_there, within_s)
        return [self.status(job_id) for job_id in job_ids]

    def await_frames(self, job_id: str, frames: int) -> None:
        wait_for(lambda: self.status(job_id).frames >= frames, 60)

    def await_child(self, *known: int) -> psutil.Process:
        """Wait for a child that has a task, other than those known."""

        def working() -> list[int]:
            return [pid for pid in self.media.working() if pid not in known]

        wait_for(lambda: bool(working()), 60)
        return psutil.Process(working()[0])


Start = Callable[..., Running]


@pytest.fixture
def start(redis_address: str, tmp_path: Path) -> Iterator[Start]:
    """Starts media processes; they end with the test, and nothing is left of them."""
    started: list[Running] = []
    others = _media_processes()

    def begin(**changes: Any) -> Running:
        started.append(Running(redis_address, (tmp_path / "store").as_uri(), **changes))
        return started[-1]

    yield begin
    for running in started:
        running.end()
    wait_for(lambda: _media_processes() <= others, 10)


def _media_processes() -> set[psutil.Process]:
    return set(filter(_is_of_media, psutil.process_iter()))


def _is_of_media(process: psutil.Process) -> bool:
    try:
        return "service.nursery" in process.cmdline()
    except psutil.Error:  # it has just gone
        return False


BAD = {
    "empty": (b"", "empty_video"),
    "one_byte": (b"\0", "not_a_video"),
    "text": (b"Dear diary, today I filmed nothing at all.\n" * 40, "not_a_video"),
    "hls_playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "not_a_video"),
    "concat_playlist": (b"ffconcat version 1.0\nfile /etc/passwd\n", "not_a_video"),
    "bare_mp4_header": (b"\0\0\0\x14ftypisom\0\0\0\0isom", "undecodable_video"),
}


def bad_videos(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Contents and the code that they deserve, by name."""
    whole = write_video(folder / "whole.mp4", frames=50, muxer={"movflags": "faststart"})
    giant = claim_size(write_video(folder / "giant.avi", codec="ffv1"), 30000)
    return BAD | {
        "sound": (write_sound(folder / "song.m4a").read_bytes(), "no_video_stream"),
        "giant": (giant.read_bytes(), "video_too_large"),
        "nobody": (whole.read_bytes(), "no_person_found"),
        "cut": (whole.read_bytes()[:900], "undecodable_video"),
        "long": (write_video(folder / "long.ts", frames=200).read_bytes(), "video_too_long"),
    }


def test_every_bad_video_gets_its_code_and_nobody_dies(start: Start, tmp_path: Path) -> None:
    running = start(max_video_s=4)
    jobs = {}
    for name, (content, code) in bad_videos(tmp_path).items():
        job = submit_job(running.broker, running.store, WHOLE)
        upload(running.store, job.id, content)
        jobs[job.id] = name, code
    good = submit_video(running.broker, running.store)

    statuses = running.await_decoded(good.id, *jobs)

    ends = {jobs[s.job.id]: (s.state, s.code) for s in statuses[1:]}
    assert ends == {(name, code): ("failed", code) for name, code in jobs.values()}
    assert (statuses[0].state, statuses[0].clips) == ("running", 1)


def test_clips_are_those_of_one_process(start: Start) -> None:
    running = start()
    job = submit_video(running.broker, running.store)
    running.await_decoded(job.id)

    (entry,) = running.store.entries(f"jobs/{job.id}/clips/")
    with open_video(SAMPLE, end_s=job.options.end_s) as video:
        (clip,) = extract_clips(video, Options(), job.input, lambda *_: None, Stages())
    assert running.store.get(entry.path) == pack_clip(clip)


def test_a_child_that_is_killed_is_replaced_and_its_job_goes_on(start: Start) -> None:
    running = start()
    job = submit_video(running.broker, running.store, options=JobOptions(end_s=2))
    running.await_frames(job.id, 3)

    running.await_child().kill()

    (status,) = running.await_decoded(job.id)
    assert (status.state, status.frames, status.clips) == ("running", 60, 2)


def test_a_video_that_kills_child_after_child_fails_with_a_code(start: Start) -> None:
    running = start()
    job = submit_job(running.broker, running.store)  # its upload does not come
    killed: list[int] = []
    for _ in range(3):
        child = running.await_child(*killed)
        child.kill()
        killed.append(child.pid)

    (status,) = running.await_decoded(job.id)

    assert (status.state, status.code) == ("failed", "decode_crashed")


def test_a_cancelled_job_leaves_its_child_within_a_second(start: Start) -> None:
    running = start()
    job = submit_video(running.broker, running.store, options=WHOLE)
    running.await_frames(job.id, 3)
    child = running.await_child()

    began_s = time.monotonic()
    running.broker.cancel(job.id)
    child.wait(30)

    assert time.monotonic() - began_s < 1


def test_an_upload_that_breaks_off_fails_its_job(start: Start) -> None:
    running = start()
    job = submit_job(running.broker, running.store)
    writer = PartWriter(running.store, job.id)
    writer.write(SAMPLE.read_bytes()[:50_000])

    writer.abort("upload_incomplete")

    (status,) = running.await_decoded(job.id)
    assert (status.state, status.code) == ("failed", "upload_incomplete")


def test_who_waits_for_an_upload_holds_no_slot(start: Start) -> None:
    running = start(media_slots=1)
    waiting = submit_job(running.broker, running.store)
    running.await_child()

    quick = submit_video(running.broker, running.store)

    running.await_decoded(quick.id)
    upload(running.store, waiting.id, SAMPLE.read_bytes())
    assert running.await_decoded(waiting.id)[0].clips == 1


def test_who_waits_for_the_workers_holds_no_slot(start: Start) -> None:
    running = start(media_slots=1, max_unprocessed_windows=8)
    long = submit_video(running.broker, running.store, options=WHOLE)
    wait_for(lambda: running.status(long.id).windows > 8, 60)

    quick = submit_video(running.broker, running.store)

    running.await_decoded(quick.id)
    assert not running.status(long.id).decoded


def test_a_seat_is_not_kept_by_who_waits_for_an_upload(start: Start) -> None:
    running = start(media_slots=1, media_jobs=1)
    waiting = submit_job(running.broker, running.store)
    running.await_child()

    quick = submit_video(running.broker, running.store)

    running.await_decoded(quick.id)
    upload(running.store, waiting.id, SAMPLE.read_bytes())
    assert running.await_decoded(waiting.id)[0].clips == 1


def test_who_goes_down_hands_back_what_is_not_finished(start: Start) -> None:
    first = start()
    job = submit_job(first.broker, first.store)
    first.await_child()
    first.end()

    second = start()
    upload(second.store, job.id, SAMPLE.read_bytes())

    (status,) = second.await_decoded(job.id, within_s=LEASE_S + 30)
    assert status.clips == 1


RUN = """
from service.media import run_media
from service.settings import load_settings
run_media(load_settings())
"""


def test_children_end_with_their_parent_and_another_goes_on(
    start: Start, redis_address: str, tmp_path: Path
) -> None:
    broker, store = Broker(redis_address, lease_s=LEASE_S), Store((tmp_path / "store").as_uri())
    job = submit_job(broker, store)
    settings = Settings(
        redis_url=redis_address,
        store_url=(tmp_path / "store").as_uri(),
        lease_s=LEASE_S,
        media_port=0,
    )
    parent = psutil.Popen([sys.executable, "-c", RUN], env=os.environ | settings_env(settings))
    wait_for(lambda: broker.status(job.id).started_s, 60)
    children = parent.children(recursive=True)

    parent.kill()
    parent.wait()
    assert psutil.wait_procs(children, 10)[1] == []
    upload(store, job.id, SAMPLE.read_bytes())

    (status,) = start().await_decoded(job.id, within_s=LEASE_S + 60)
    assert status.clips == 1


def await_export(running: Running, request: ExportRequest) -> ExportState:
    def state() -> ExportState:
        found = running.broker.export_state(request.job, request.export)
        assert found is not None
        return found

    wait_for(lambda: state().state != "pending", 60)
    return state()


def test_an_export_is_made_once_and_kept(
    broker: Broker, store: Store, start: Start, tmp_path: Path
) -> None:
    job = finished_job(broker, store, tmp_path)
    running = start()
    request = export_request(job.id, "thumbnail")
    assert running.broker.request_export(request).state == "pending"

    ready = await_export(running, request)

    assert ready.path is not None
    assert running.store.size(ready.path) == ready.size_bytes
    assert running.broker.request_export(request) == ready


def test_an_export_that_cannot_be_made_leaves_the_job_as_it_is(
    broker: Broker, store: Store, start: Start, tmp_path: Path
) -> None:
    job = finished_job(broker, store, tmp_path)
    running = start()
    request = export_request(job.id, "glb", track=9)
    running.broker.request_export(request)

    failed = await_export(running, request)

    assert (failed.state, failed.code) == ("failed", "unknown_track")
    assert running.status(job.id).state == "succeeded"
