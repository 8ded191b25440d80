"""What passes between processes, as frozen dataclasses in versioned JSON.

`Message.encode` writes one line with a version beside the fields; `decode` checks version and
types, and ignores fields it does not know, so that a later release may add some while an earlier
one still runs. Times are seconds since 1970 by Redis's clock, unless they end in `_pts_s`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from service.errors import BadMessageError

VERSION = 1

JobState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
EventKind = Literal[
    "accepted", "decoding", "person_found", "progress", "clip_committed", "export_ready", "finished"
]
OVER: frozenset[JobState] = frozenset({"succeeded", "failed", "cancelled"})
"""The states that a job never leaves."""


class Message:
    """Base of the dataclasses below."""

    def encode(self) -> str:
        """One line of JSON, at most a few hundred bytes."""
        fields = _adapter(type(self)).dump_python(self, mode="json", exclude_none=True)
        return to_json({"v": VERSION, **fields}).decode()

    @classmethod
    def decode(cls, text: str | bytes) -> Self:
        """Read what `encode` wrote.

        Raises:
            BadMessageError: `bad_message`, naming the class and the first field that is wrong.
        """
        try:
            fields = from_json(text)
            version = fields.pop("v", None) if isinstance(fields, dict) else None
            if version == VERSION:
                decoded: Self = _adapter(cls).validate_python(fields)
                return decoded
            reason = f"its version is {version}"
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        except ValueError as error:
            reason = str(error)
        raise BadMessageError(
            "bad_message",
            f"a {cls.__name__} cannot be read: {reason}; expected version {VERSION}; let all "
            "processes run the same release",
        )


_adapters: dict[type[Message], TypeAdapter[Any]] = {}


def _adapter(kind: type[Message]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]


@dataclass(frozen=True)
class JobOptions(Message):
    """What a client asks for, beside the video.

    Attributes:
        max_people: Whom to follow at most, the most visible first; None for all.
        start_s, end_s: The stretch of the video, in presentation time.
        focal_px: Focal length in pixels of the video; None assumes the image's diagonal.
        smooth: Smoothing of results for which none is named.
        max_windows: Windows of a clip request.
    """

    max_people: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    focal_px: float | None = None
    smooth: Literal["off", "light", "strong"] = "off"
    max_windows: int = 4


@dataclass(frozen=True)
class Job(Message):
    """A request for one video. Written to the store before it is submitted; never changed.

    Attributes:
        id: Ordered by time; UUIDv7, 32 hexadecimal digits.
        tenant: Whose it is; `public` where there are no keys.
        model: Name of the model.
        weights_sha256: Which weights; a job keeps them even when the model is replaced meanwhile.
        input: What the model is given.
        created_s: When the request came in, by the api's clock.
        options: As asked for.
        deadline_s: When the answer is of no use any more; None for never.
        on_disconnect: Whether the job ends when the client's connection does.
        idempotency_key: The client's name for the request.
        request_digest: SHA-256 of what must be equal in two requests of the same key.
        estimated_gpu_s: What is reserved for it until its video is known.
        filename: What the client calls the video; shown, never used as a path.
        webhook: URL to call when the job has ended; not shown, as it may hold a secret.
    """

    id: str
    tenant: str
    model: str
    weights_sha256: str
    input: Literal["pixels", "evidence"]
    created_s: float
    options: JobOptions = field(default_factory=JobOptions)
    deadline_s: float | None = None
    on_disconnect: Literal["cancel", "detach"] = "cancel"
    idempotency_key: str | None = None
    request_digest: str = ""
    estimated_gpu_s: float = 0.0
    filename: str | None = None
    webhook: str | None = None

    @property
    def model_key(self) -> str:
        """Names the queue: `<name>@<first 12 digits of the weights' hash>`."""
        return model_key(self.model, self.weights_sha256)


def model_key(name: str, weights_sha256: str) -> str:
    """Name the queue of a model with these weights, so that batches never mix two."""
    return f"{name}@{weights_sha256[:12]}"


@dataclass(frozen=True)
class ClipRequest(Message):
    """Some windows of one person, waiting for the network. Under 1 KB.

    Attributes:
        job: Its job's id.
        clip: `t<track>-f<first frame>-n<rows>`, from `model.clips.ClipId`.
        model_key: The queue.
        tenant: Whose job it is.
        path: Where its inputs lie in the store.
        windows: Of 8 frames each.
        keep: Rows that are handed on.
        first_frame, last_frame: What it covers, for messages.
        deadline_s: The job's.
        number: Which of its person's clips it is, from 0, in the order of time.
    """

    job: str
    clip: str
    model_key: str
    tenant: str
    path: str
    windows: int
    keep: int
    first_frame: int
    last_frame: int
    deadline_s: float | None = None
    number: int = 0


@dataclass(frozen=True)
class Event(Message):
    """Something that happened to a job.

    Attributes:
        seq: From 1, rising within the job. Progress that a later event of its kind has overtaken
            is dropped, so numbers may be missing; commits never are.
        kind: What it is.
        at_s: When.
        data: By kind: decoding {frames, expected}, person_found {track, frame}, progress {stage,
            done, expected}, clip_committed {clip, number, frames, path}, export_ready {export},
            finished {state, code, message}.
    """

    seq: int
    kind: EventKind
    at_s: float
    data: Mapping[str, str | int | float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class ExportRequest(Message):
    """A file to make of a finished job.

    Attributes:
        job: Its job's id.
        export: `<format>-<hash of the options>`, unique within the job.
        format: Its ending: glb, mp4, zip, png, ...
        options: What was asked for, as the exports understand it.
    """

    job: str
    export: str
    format: str
    options: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class DeadClip(Message):
    """A clip that no worker survived, or that raised alone.

    Attributes:
        request: The clip.
        attempts: How many were started.
        code, message: Why it was given up.
        at_s: When.
    """

    request: ClipRequest
    attempts: int
    code: str
    message: str
    at_s: float


@dataclass(frozen=True)
class Done(Message):
    """How a job ended, as it lies in the store when Redis has forgotten it.

    Attributes:
        state: One of `OVER`.
        finished_s: When.
        code, message: Why it failed or was cancelled.
        results: Path in the store by clip, of the committed ones.
        frame_count: Decoded frames.
        people: How many were found.
        erased: Whether its upload and results were deleted on request.
    """

    state: JobState
    finished_s: float
    code: str | None = None
    message: str | None = None
    results: Mapping[str, str] = field(default_factory=dict)
    frame_count: int = 0
    people: int = 0
    erased: bool = False
