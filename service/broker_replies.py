"""What `broker.lua` replies, read into types. It knows no Redis: lists of strings come in."""

import json
from collections.abc import Sequence
from typing import Any

from service.broker_types import (
    Census,
    Change,
    Delivery,
    ExportState,
    JobStatus,
    Lease,
    MediaTask,
    ModelStatus,
)
from service.messages import OVER, ClipRequest, ExportRequest, Job


def _pairs(flat: Sequence[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _seconds(text: str | None) -> float | None:
    return float(text) if text else None


def read_status(flat: Sequence[str], people: int, results: Sequence[str]) -> JobStatus:
    """From the fields of a job's hash, people found while it runs, and results if they are few."""
    fields = _pairs(flat)

    def count(name: str) -> int:
        return int(float(fields.get(name) or 0))

    return JobStatus(
        job=Job.decode(fields["body"]),
        state=fields["state"],  # type: ignore[arg-type]  # the script sets no other
        started_s=_seconds(fields.get("started")),
        finished_s=_seconds(fields.get("finished")),
        code=fields.get("code") or None,
        message=fields.get("message") or None,
        frames=count("frames"),
        frames_expected=count("expected") or None,
        decoded=bool(count("decoded")),
        people=max(count("people"), people),
        clips=count("clips"),
        clips_committed=count("committed"),
        windows=count("windows"),
        windows_committed=count("committed_windows"),
        last_seq=count("seq"),
        erased=bool(count("erased")),
        results=_pairs(results or ()),  # none is {} to the script's JSON
    )


def read_change(message: str) -> Change:
    """From what the script publishes; a job without a state was forgotten."""
    job, _, rest = message.partition(" ")
    state, _, ending = rest.partition(" ")
    return Change(job, not state or state in OVER, ending)


def read_export(text: str) -> ExportState:
    """From the JSON of an export."""
    return ExportState(**json.loads(text))


def read_model(fields: Sequence[Any]) -> ModelStatus:
    """From one entry of the reply to `models`."""
    key, workers, batch, seen, waiting, admitted, oldest, rate = fields
    return ModelStatus(
        model_key=key,
        workers=workers,
        batch_windows=batch,
        last_seen_s=float(seen),
        waiting_windows=waiting,
        admitted_windows=admitted,
        oldest_s=_seconds(oldest),
        windows_per_s=float(rate),
    )


def read_census(reply: Sequence[Any]) -> Census:
    """From the reply to `census`."""
    now, states, gpu_ms, (decode, export), dead = reply
    return Census(
        now_s=float(now),
        jobs={state: int(jobs) for state, jobs in _pairs(states).items()},
        reserved_gpu_s=gpu_ms / 1000,
        tasks={"decode": decode, "export": export},
        dead_clips=dead,
    )


def read_task(consumer: str, reply: Sequence[Any]) -> MediaTask:
    """From the reply to `claim_task`."""
    task_id, fence, kind, job, attempts, sealed, body = reply
    return MediaTask(
        lease=Lease(task_id, consumer, int(fence)),
        kind=kind,
        job=Job.decode(job),
        attempts=int(attempts),
        sealed=int(sealed),
        export=ExportRequest.decode(body) if body else None,
    )


def read_delivery(worker: str, fields: Sequence[Any]) -> Delivery:
    """From one entry of the reply to `take`."""
    body, lease, attempts, alone, queued, started = fields
    return Delivery(
        request=ClipRequest.decode(body),
        worker=worker,
        lease=lease,
        attempts=attempts,
        alone=bool(alone),
        queued_s=float(queued),
        started=bool(started),
    )
