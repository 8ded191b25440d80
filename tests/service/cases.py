"""Jobs, clips and mishaps for tests of the queue; time is bent, never slept away."""

import itertools
import time
from collections.abc import Sequence

from service.broker import Broker
from service.broker_types import Delivery, Lease, MediaTask, Totals
from service.messages import ClipRequest, Job, JobOptions
from service.store import Store, clip_path, job_path

MODEL = "tiny"
WEIGHTS = "ab" * 32
KEY = f"{MODEL}@{WEIGHTS[:12]}"

_numbers = itertools.count()


def new_job(tenant: str = "public", **fields: object) -> Job:
    """A job with an id after those before."""
    job_id = f"{time.time_ns() // 1_000_000:012x}{next(_numbers):020x}"
    told: dict[str, object] = {
        "id": job_id,
        "tenant": tenant,
        "model": MODEL,
        "weights_sha256": WEIGHTS,
        "input": "pixels",
        "created_s": time.time(),
        "options": JobOptions(),
        **fields,
    }
    return Job(**told)  # type: ignore[arg-type]


def new_clip(job: Job, number: int, windows: int = 4, track: int = 1) -> ClipRequest:
    """The clip of this number, in the order of frames."""
    first = number * 32
    clip = f"t{track}-f{first}-n{8 * windows}"
    path = clip_path(job.id, clip)
    last = first + 8 * windows - 1
    return ClipRequest(
        job.id, clip, job.model_key, job.tenant, path, windows, 8 * windows, first, last
    )


def submit_stored(broker: Broker, store: Store, job: Job | None = None) -> Job:
    """A job as the api accepts it, with its manifest in the store."""
    job = job or new_job()
    store.put(job_path(job.id), job.encode().encode())
    broker.submit(job)
    return job


def claim(broker: Broker, consumer: str = "media-1") -> MediaTask:
    """The next task, which there must be."""
    task = broker.claim_task(consumer)
    assert task is not None
    return task


def seal_all(
    broker: Broker, lease: Lease, job: Job, windows: Sequence[int], decoded: bool = True
) -> None:
    """Seal clips of so many windows each, and end decoding."""
    for number, count in enumerate(windows):
        broker.seal(lease, new_clip(job, number, count))
    if decoded:
        broker.decoded(lease, Totals(frames=32 * len(windows), people=1, clips=len(windows)))


def sealed_job(
    broker: Broker, windows: Sequence[int] = (4,), tenant: str = "public", **fields: object
) -> Job:
    """A job whose clips are all sealed."""
    job = new_job(tenant, **fields)
    broker.submit(job)
    task = claim(broker)
    assert task.job == job, "another job was waiting"
    seal_all(broker, task.lease, job, windows)
    return job


def take(broker: Broker, worker: str = "worker-1", room: int = 64) -> list[Delivery]:
    """Take clips for a worker that has so much room."""
    return broker.take(worker, KEY, room)


def run_one(broker: Broker, worker: str = "worker-1", room: int = 4) -> list[Delivery]:
    """Take a batch, run and commit it as an honest worker does."""
    batch = broker.started(broker.take(worker, KEY, room))
    for delivery in batch:
        assert broker.commit(delivery, result_of(delivery), delivery.request.keep)
    return batch


def run_all(broker: Broker, worker: str = "worker-1", room: int = 4) -> list[Delivery]:
    """Run until nothing is in the queue."""
    return list(itertools.chain.from_iterable(iter(lambda: run_one(broker, worker, room), [])))


def result_of(delivery: Delivery) -> str:
    """A path that no other delivery has."""
    return f"results/{delivery.request.clip}.{delivery.lease.replace('/', '-')}"


def state_of(broker: Broker, job_id: str) -> tuple[str, str | None]:
    """How a job stands, and the code of its error."""
    status = broker.status(job_id)
    assert status is not None
    return status.state, status.code


def silence(broker: Broker, deliveries: Sequence[Delivery], for_ms: int = 10_000) -> None:
    """Have a worker be silent about these clips for a lease, without waiting for it."""
    for delivery in deliveries:
        entry = delivery.lease.split("/", maxsplit=1)[0]
        queue = f"remocap:queue:{delivery.request.model_key}"
        redis = broker.redis
        redis.xclaim(queue, "workers", delivery.worker, 0, [entry], idle=for_ms, justid=True)


def silence_task(broker: Broker, lease: Lease) -> None:
    """Have a media process be silent for a lease, without waiting for it."""
    broker.redis.zadd("remocap:leases", {lease.task_id: 1}, xx=True)


def silence_worker(broker: Broker, worker: str, model_key: str = KEY) -> None:
    """Have a worker's announcement lapse, without waiting for it."""
    broker.redis.zadd(f"remocap:workers:{model_key}", {worker: 1}, xx=True)
