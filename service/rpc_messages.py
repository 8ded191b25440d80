"""Between gRPC's messages and the service's own values. Knows no connection."""

import re
from collections.abc import Mapping
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from model.errors import UsageError
from service.broker_types import JobStatus
from service.messages import Event, Job, JobState
from service.options import ReconstructOptions, checked_options
from service.pb.remocap.v1 import reconstruction_pb2 as pb

PAGE, MAX_PAGE = 50, 200  # jobs
_SMOOTHING = {
    pb.SMOOTHING_OFF: "off",
    pb.SMOOTHING_LIGHT: "light",
    pb.SMOOTHING_STRONG: "strong",
}
_ON_DISCONNECT = {pb.ON_DISCONNECT_CANCEL: "cancel", pb.ON_DISCONNECT_DETACH: "detach"}
_STATES: dict[JobState, pb.Job.State.ValueType] = {
    "queued": pb.Job.STATE_QUEUED,
    "running": pb.Job.STATE_RUNNING,
    "succeeded": pb.Job.STATE_SUCCEEDED,
    "failed": pb.Job.STATE_FAILED,
    "cancelled": pb.Job.STATE_CANCELLED,
}
_PLAIN = {"start_s": "start", "end_s": "end", "focal_px": "focal", "deadline_s": "deadline"}
"""Fields whose names in REST have no unit."""


def options_of(message: pb.ReconstructOptions) -> ReconstructOptions:
    """Check what is asked for, as REST does.

    Raises:
        UsageError: `bad_option`, naming it.
    """
    given: dict[str, object] = {}
    for name in ("max_people", *_PLAIN):
        if message.HasField(name):  # type: ignore[arg-type]  # a literal there
            given[_PLAIN.get(name, name)] = getattr(message, name)
    if message.model:
        given["model"] = message.model
    if message.smoothing:
        given["smooth"] = _named(_SMOOTHING, message.smoothing, "smoothing")
    if message.on_disconnect:
        given["on_disconnect"] = _named(_ON_DISCONNECT, message.on_disconnect, "on_disconnect")
    return checked_options(ReconstructOptions, given)


def check_mesh_options(options: pb.MeshOptions) -> None:
    """Refuse levels and encodings that there are not.

    Raises:
        UsageError: `bad_option`.
    """
    for name, known in (("level", pb.Level), ("encoding", pb.Encoding)):
        value = getattr(options, name)
        if value not in known.values():
            raise _bad(name, value, known.keys())


def _named(known: Mapping[Any, str], value: int, name: str) -> str:
    if value not in known:
        raise _bad(name, value, list(known.values()))
    return known[value]


def _bad(name: str, value: int, known: list[str]) -> UsageError:
    return UsageError("bad_option", f"{name} is {value}; expected one of {', '.join(known)}")


def page_of(request: pb.ListJobsRequest) -> tuple[int, str | None]:
    """Return how many jobs a page holds, and the id before which it begins.

    Raises:
        UsageError: `bad_option`.
    """
    if request.page_size > MAX_PAGE:
        raise UsageError(
            "bad_option", f"page_size is {request.page_size}; expected at most {MAX_PAGE}"
        )
    if request.page_token and not re.fullmatch(r"[0-9a-f]{32}", request.page_token):
        raise UsageError("bad_option", "page_token is none; expected that of the page before")
    return request.page_size or PAGE, request.page_token or None


def job_message(status: JobStatus) -> pb.Job:
    """Show a job as Redis or the store knows it."""
    job = status.job
    message = pb.Job(
        id=job.id,
        state=_STATES[status.state],
        model=job.model,
        weights_sha256=job.weights_sha256,
        topology=job.model_key,
        created_at=_at(job.created_s),
        people=status.people,
        frames=status.frames,
        frames_expected=status.frames if status.decoded else status.frames_expected,
        windows=status.windows_committed,
        windows_expected=status.windows if status.decoded else None,
        last_sequence=status.last_seq,
    )
    if status.started_s is not None:
        message.started_at.CopyFrom(_at(status.started_s))
    if status.finished_s is not None:
        message.finished_at.CopyFrom(_at(status.finished_s))
    if status.code:
        message.error.CopyFrom(pb.Failure(code=status.code, message=status.message or ""))
    return message


def accepted_message(job: Job) -> pb.Accepted:
    """Say what was taken on."""
    return pb.Accepted(
        job_id=job.id,
        model=job.model,
        weights_sha256=job.weights_sha256,
        topology=job.model_key,
    )


def progress_message(event: Event) -> pb.Progress:
    """Tell of `decoding`, or of `progress` in another stage."""
    data = event.data
    expected = data.get("expected")
    return pb.Progress(
        stage=str(data.get("stage", "decode")),
        done=int(data.get("frames") or data.get("done") or 0),
        expected=None if expected is None else int(expected),
    )


def _at(time_s: float) -> Timestamp:
    return Timestamp(seconds=int(time_s), nanos=int(time_s % 1 * 1e9))
