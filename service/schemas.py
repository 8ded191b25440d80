"""Bodies of the REST interface's answers. Errors are in `service.problems`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from model.registry import ModelFolder, weights_id
from model.types import Smoothing
from service.broker_types import JobStatus, ModelStatus
from service.messages import JobState, model_key
from service.options import Format, ResultOptions


class Accepted(BaseModel):
    """A job that was taken on."""

    id: str
    state: JobState
    status_url: str
    events_url: str
    result_url: str

    @classmethod
    def of(cls, job_id: str, state: JobState) -> Self:
        """Name the places where the job is to be found."""
        url = job_url(job_id)
        return cls(
            id=job_id,
            state=state,
            status_url=url,
            events_url=f"{url}/events",
            result_url=f"{url}/result",
        )


class Stage(BaseModel):
    """How far a stage is."""

    done: int
    expected: int | None = Field(description="In all; null while that is not known.")


class Progress(BaseModel):
    """How far a job is, by stage."""

    decode: Stage = Field(description="Frames of the video, decoded and looked through.")
    network: Stage = Field(description="Windows of 8 frames of one person, answered.")


class Fault(BaseModel):
    """Why a job has no result."""

    code: str
    message: str


class JobView(Accepted):
    """A job and how it stands."""

    model: str
    weights_sha256: str
    filename: str | None = Field(None, description="What the client calls the video.")
    smooth: Smoothing = Field(description="Of results for which none is named.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    people: int = Field(description="Found so far.")
    progress: Progress
    error: Fault | None

    @classmethod
    def from_status(cls, status: JobStatus) -> Self:
        """Show a job as Redis or the store knows it."""
        job = status.job
        fault = Fault(code=status.code, message=status.message or "") if status.code else None
        return cls(
            **Accepted.of(job.id, status.state).model_dump(),
            model=job.model,
            weights_sha256=job.weights_sha256,
            filename=job.filename,
            smooth=job.options.smooth,
            created_at=_at(job.created_s),
            started_at=None if status.started_s is None else _at(status.started_s),
            finished_at=None if status.finished_s is None else _at(status.finished_s),
            people=status.people,
            progress=Progress(
                decode=Stage(done=status.frames, expected=_frames_expected(status)),
                network=Stage(
                    done=status.windows_committed,
                    expected=status.windows if status.decoded else None,
                ),
            ),
            error=fault,
        )


class JobList(BaseModel):
    """A page of jobs, the latest first."""

    jobs: list[JobView]
    next: str | None = Field(description="Where the next page is; null on the last one.")


class Pending(BaseModel):
    """A form of a result that is still being made."""

    state: Literal["pending"] = "pending"
    result_url: str = Field(description="Ask here again, or with `?wait=N`.")


class ModelView(BaseModel):
    """A model, and whether anybody serves it."""

    name: str
    body: str
    input: Literal["pixels", "evidence"]
    trained: bool = Field(description="false: weights are untrained, and shapes mean nothing.")
    licence: str
    description: str
    weights_sha256: str
    default: bool = Field(description="Whether this model is used where none is named.")
    workers: int = Field(description="Live ones.")
    waiting_windows: int = Field(description="Work that waits for them.")

    @classmethod
    def of(cls, folder: ModelFolder, served: Mapping[str, ModelStatus], default: str) -> Self:
        """Show a model.

        Args:
            folder: Where it lies.
            served: How models are served, by key.
            default: Name of the model that is used where none is named.
        """
        card, sha256 = folder.card, weights_id(folder.card)
        status = served.get(model_key(card.name, sha256))
        return cls(
            name=card.name,
            body=card.body,
            input=card.network.input,
            trained=card.trained,
            licence=card.licence,
            description=card.description,
            weights_sha256=sha256,
            default=card.name == default,
            workers=status.workers if status else 0,
            waiting_windows=status.waiting_windows + status.admitted_windows if status else 0,
        )


class ModelList(BaseModel):
    """All models of this server."""

    models: list[ModelView]


class Readiness(BaseModel):
    """Whether this process can do its work, and whom it misses."""

    ready: bool
    reason: str | None = None
    workers: dict[str, int] = Field(
        description="Live workers by model; none of them does not stop queueing."
    )


def job_url(job_id: str) -> str:
    """Return where a job is shown."""
    return f"/v1/jobs/{job_id}"


def result_url(job_id: str, options: ResultOptions, form: Format) -> str:
    """Return where exactly this form of a result is handed out."""
    track = "" if options.track is None else f"&track={options.track}"
    smooth = "" if options.smooth is None else f"&smooth={options.smooth}"
    return f"{job_url(job_id)}/result?format={form}{smooth}{track}"


def _frames_expected(status: JobStatus) -> int | None:
    return status.frames if status.decoded else status.frames_expected


def _at(time_s: float) -> datetime:
    return datetime.fromtimestamp(time_s, UTC)
