"""Jobs whose clips are sealed already, made without a video: through the broker and the store."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from model.clips import Clip
from model.registry import find_model, weights_id
from model.types import WINDOW, Evidence, Observation
from service.broker import Broker
from service.broker_types import MediaTask, Totals
from service.clip_file import pack_clip, unpack_rows
from service.messages import ClipRequest, Job
from service.runner import blank_inputs
from service.settings import Settings, load_settings
from service.sleeping import with_fault
from service.stacking import Inputs
from service.store import Store, clip_path, job_path

SLEEPING = Job(
    id="",
    tenant="public",
    model="sleeping",
    weights_sha256="0" * 64,
    input="evidence",
    created_s=0,
)


def real_job(settings: Settings | None = None) -> Job:
    """A template for jobs of the model in force."""
    settings = settings or load_settings()
    card = find_model(settings.model, settings.models_dir).card
    return replace(
        SLEEPING, model=card.name, weights_sha256=weights_id(card), input=card.network.input
    )


def make_clip(
    number: int = 0,
    *,
    windows: int = 1,
    track_id: int = 1,
    fault: bytes | None = None,
    sees: str = "evidence",
    lively: bool = False,
) -> Clip:
    """The clip of a person that begins at window `number`; every frame bears its own number.

    Where it is lively, no two clips show a network the same.
    """
    first, rows = number * WINDOW, windows * WINDOW
    inputs = blank_inputs(sees, windows)
    if lively:
        _enliven(inputs, np.random.default_rng([number, track_id]))
    frames = np.arange(first, first + rows)
    _first_bytes(inputs)[:] = np.stack(
        [frames % 251, frames // 251, np.full(rows, track_id)], axis=1
    )
    square = np.array([0, 0, 100, 100], np.float32)
    observations = tuple(Observation(track_id, int(f), f / 30, square, 0.9) for f in frames)
    seen = inputs if fault is None else with_fault(inputs, fault)
    return Clip(seen, observations, np.ones(rows, bool))


def _enliven(inputs: Inputs, numbers: np.random.Generator) -> None:
    pictures = inputs.mask if isinstance(inputs, Evidence) else inputs
    pictures[:] = numbers.integers(0, 256, pictures.shape, np.uint8)
    if isinstance(inputs, Evidence):
        inputs.landmarks[:] = numbers.uniform(0, 0.9, inputs.landmarks.shape)


def expected_camera(clip: Clip) -> np.ndarray:
    """What the sleeping model says of a clip of `make_clip`'s."""
    return _first_bytes(clip.inputs).astype(np.float32)


def _first_bytes(inputs: Inputs) -> np.ndarray:
    """The bytes u8[n,3] at the top left of each frame, as a view."""
    pictures = inputs.mask if isinstance(inputs, Evidence) else inputs
    return pictures.reshape(len(pictures), -1)[:, :3]


def name_of(clip: Clip) -> str:
    return "t{}-f{}-n{}".format(*clip.id)


def request_of(job: Job, clip: Clip) -> ClipRequest:
    frames = [o.frame_index for o in clip.observations]
    return ClipRequest(
        job=job.id,
        clip=name_of(clip),
        model_key=job.model_key,
        tenant=job.tenant,
        path=clip_path(job.id, name_of(clip)),
        windows=len(frames) // WINDOW,
        keep=int(clip.keep.sum()),
        first_frame=frames[0],
        last_frame=frames[-1],
        deadline_s=job.deadline_s,
    )


def begin_job(broker: Broker, store: Store, template: Job = SLEEPING) -> MediaTask:
    """Submit a job, and claim its decoding as the media role would."""
    job = replace(template, id=secrets.token_hex(16), created_s=time.time())
    store.put(job_path(job.id), job.encode().encode())
    broker.submit(job)
    task = broker.claim_task(f"sealer-{job.id}", ("decode",))
    assert task is not None
    assert task.job.id == job.id
    return task


def seal(broker: Broker, store: Store, task: MediaTask, clip: Clip) -> None:
    request = request_of(task.job, clip)
    store.put(request.path, pack_clip(clip))
    assert broker.seal(task.lease, request)


def end_job(broker: Broker, task: MediaTask, clips: Sequence[Clip]) -> None:
    frames = sum(len(clip.observations) for clip in clips)
    people = len({clip.track_id for clip in clips})
    broker.decoded(task.lease, Totals(frames, people, len(clips)))


def seal_job(broker: Broker, store: Store, clips: Sequence[Clip], template: Job = SLEEPING) -> str:
    """Submit a job with these clips, all sealed; return its id."""
    task = begin_job(broker, store, template)
    for number, clip in enumerate(clips):
        if number % 50 == 49:
            broker.renew_task(task.lease)
        seal(broker, store, task, clip)
    end_job(broker, task, clips)
    return task.job.id


def committed(broker: Broker, store: Store, job_id: str) -> dict[str, np.ndarray]:
    """Camera f32[n,3] of every committed clip, by its name; one that came twice is an error."""
    cameras: dict[str, np.ndarray] = {}
    for event in broker.events(job_id, after=0, limit=100_000):
        if event.kind == "clip_committed":
            name, path = str(event.data["clip"]), str(event.data["path"])
            assert name not in cameras, f"{name} was committed twice"
            cameras[name] = np.asarray(unpack_rows(store.get(path)).values["camera"])
    return cameras
