"""Jobs with a real video in the store, as an upload leaves them."""

import secrets
import time
from dataclasses import replace
from pathlib import Path

from service.broker import Broker
from service.broker_types import MediaTask
from service.messages import Job, JobOptions
from service.store import Store, job_path
from service.upload_parts import PartWriter
from tests.service.sealed import real_job

SAMPLE = Path(__file__).resolve().parents[2] / "docs" / "sample" / "walk.mp4"
BRIEF = JobOptions(end_s=0.5)  # 15 frames of the sample, which shows one person


def submit_job(
    broker: Broker,
    store: Store,
    options: JobOptions = BRIEF,
    tenant: str = "public",
    template: Job | None = None,
) -> Job:
    """Submit a job whose upload is still to come."""
    job = replace(
        template or real_job(),
        id=secrets.token_hex(16),
        tenant=tenant,
        created_s=time.time(),
        options=options,
    )
    store.put(job_path(job.id), job.encode().encode())
    broker.submit(job)
    return job


def submit_video(
    broker: Broker,
    store: Store,
    video: Path = SAMPLE,
    options: JobOptions = BRIEF,
    tenant: str = "public",
    template: Job | None = None,
) -> Job:
    """Submit a job with all of its video."""
    job = submit_job(broker, store, options, tenant, template)
    upload(store, job.id, video.read_bytes())
    return job


def upload(store: Store, job_id: str, data: bytes) -> None:
    writer = PartWriter(store, job_id)
    writer.write(data)
    writer.close()


def claim(broker: Broker, store: Store, options: JobOptions = BRIEF) -> MediaTask:
    """Submit a job whose upload is still to come, and claim its decoding."""
    job = submit_job(broker, store, options)
    task = broker.claim_task("test", ("decode",))
    assert task is not None
    assert task.job.id == job.id
    return task
