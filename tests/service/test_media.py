"""The media role with its real children, on a real Redis and a real store."""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from model.extract import Options, extract_clips
from model.stages import Stages
from model.video import open_video
from service.broker import Broker
from service.broker_types import ExportState
from service.clip_file import pack_clip
from service.exports import export_request
from service.messages import ExportRequest, JobOptions
from service.settings import Settings
from service.store import Store
from service.supervisor import settings_env
from service.upload_parts import PartWriter
from tests.load.fleet import wait_for
from tests.service.bad_videos import bad_videos
from tests.service.finished import finished_job
from tests.service.jobs_of_videos import SAMPLE, submit_job, submit_video, upload
from tests.service.live_media import LEASE_S, Running, Start, starting

WHOLE = JobOptions()


@pytest.fixture
def start(redis_address: str, tmp_path: Path) -> Iterator[Start]:
    with starting(redis_address, (tmp_path / "store").as_uri()) as begin:
        yield begin


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


def test_a_child_that_dies_before_its_task_costs_nobody_an_attempt(start: Start) -> None:
    running = start()
    wait_for(lambda: bool(running.newborns()), 60)
    for _ in range(4):  # of three that died at a task, its job would fail
        for child in running.newborns():
            child.kill()
        time.sleep(0.3)

    job = submit_video(running.broker, running.store)

    (status,) = running.await_decoded(job.id)
    assert (status.state, status.clips) == ("running", 1)


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
