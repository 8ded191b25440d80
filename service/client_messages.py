"""What the gRPC clients say and are told, as dataclasses and NumPy arrays; knows no connection."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, NamedTuple

import grpc
import numpy as np
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from grpc_status import rpc_status
from jaxtyping import Bool, Float32, Float64, Int32

from model.errors import RemocapError
from model.types import Array, Smoothing
from service.answers import error_of
from service.errors import UnavailableError
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.rpc_meshes import decode


class Place(NamedTuple):
    """Where an answer stands in a job's stream; `Watch` goes on behind it."""

    sequence: int = 0
    part: int = 0


@dataclass(frozen=True)
class StreamOptions:
    """What is asked for.

    Attributes:
        model: Its name; the server's default.
        max_people: Follow at most so many at a time.
        start_s, end_s: The stretch of the video.
        focal_px: Focal length; the image's diagonal.
        deadline_s: Give up so many seconds after the job was accepted.
        on_disconnect: What becomes of the job when the connection is lost.
        smoothing: Of results that are fetched by REST; meshes of a stream have none.
        level: Of the meshes: 6890 vertices, 431, or no meshes.
        encoding: Of the vertices on their way; int16 is half the size.
        ordered: Within a track, frames come in the order of time.
    """

    model: str | None = None
    max_people: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    focal_px: float | None = None
    deadline_s: float | None = None
    on_disconnect: Literal["cancel", "detach"] | None = None
    smoothing: Smoothing = "off"
    level: Literal["fine", "coarse", "none"] = "fine"
    encoding: Literal["float32", "int16"] = "float32"
    ordered: bool = False

    def message(self, size_bytes: int | None) -> pb.ReconstructOptions:
        """As the first message of a call."""
        disconnect = f"ON_DISCONNECT_{(self.on_disconnect or 'unspecified').upper()}"
        return pb.ReconstructOptions(
            model=self.model or "",
            max_people=self.max_people,
            start_s=self.start_s,
            end_s=self.end_s,
            focal_px=self.focal_px,
            deadline_s=self.deadline_s,
            on_disconnect=pb.OnDisconnect.Value(disconnect),
            smoothing=pb.Smoothing.Value(f"SMOOTHING_{self.smoothing.upper()}"),
            size_bytes=size_bytes,
            meshes=self.meshes(),
        )

    def meshes(self) -> pb.MeshOptions:
        """How meshes are wanted."""
        return pb.MeshOptions(
            level=pb.Level.Value(f"LEVEL_{self.level.upper()}"),
            encoding=pb.Encoding.Value(f"ENCODING_{self.encoding.upper()}"),
            ordered=self.ordered,
        )


@dataclass(frozen=True)
class Accepted:
    """The job is in the queue. `topology` is what its vertices are connected by."""

    place: Place
    job_id: str
    model: str
    weights_sha256: str
    topology: str


@dataclass(frozen=True)
class Progress:
    """How far a stage is; `decode` counts frames."""

    place: Place
    stage: str
    done: int
    expected: int | None


@dataclass(frozen=True)
class PersonFound:
    """Somebody new is in the video."""

    place: Place
    track_id: int
    frame_index: int


@dataclass(frozen=True, eq=False)
class Meshes:
    """One person in some frames; meanings are those of the NPZ (docs/formats.md).

    Attributes:
        vertices_m: About the pelvis; with `level="coarse"` as the network gave them, and
            `pelvis_m` is to be taken off.
        observed: Whether the person was seen; else the rows lie between others.
    """

    place: Place
    track_id: int
    frame_index: Int32[Array, "n"]
    pts_s: Float64[Array, "n"]
    vertices_m: Float32[Array, "n vertices 3"]
    pelvis_m: Float32[Array, "n 3"]
    joints3d_m: Float32[Array, "n 14 3"]
    joints2d_px: Float32[Array, "n 14 2"]
    camera: Float32[Array, "n 3"]
    crop_px: Float32[Array, "n 4"]
    translation_m: Float32[Array, "n 3"]
    score: Float32[Array, "n"]
    observed: Bool[Array, "n"]
    intrinsics: Float32[Array, "3 3"]
    rotmat: Float32[Array, "n 24 3 3"] | None = None
    betas: Float32[Array, "n 10"] | None = None


@dataclass(frozen=True)
class Summary:
    """The job has succeeded; `meta` is what the result says of itself."""

    place: Place
    job_id: str
    people: int
    meta: Mapping[str, Any]


Answer = Accepted | Progress | PersonFound | Meshes | Summary


def answer_of(message: pb.ReconstructResponse) -> Answer | None:
    """Read a message; None for a kind that this version does not know."""
    place = Place(message.sequence, message.part)
    match message.WhichOneof("content"):
        case "accepted":
            told = message.accepted
            return Accepted(place, told.job_id, told.model, told.weights_sha256, told.topology)
        case "progress":
            step = message.progress
            expected = step.expected if step.HasField("expected") else None
            return Progress(place, step.stage, step.done, expected)
        case "person_found":
            person = message.person_found
            return PersonFound(place, person.track_id, person.frame_index)
        case "meshes":
            return _meshes(place, message.meshes)
        case "summary":
            job = message.summary.job
            return Summary(place, job.id, job.people, json.loads(message.summary.meta_json))
        case _:
            return None


def _meshes(place: Place, message: pb.Meshes) -> Meshes:
    rows = len(message.frame_index)

    def rowwise(name: str, *shape: int) -> Array:
        return np.array(getattr(message, name), np.float32).reshape(rows, *shape)

    return Meshes(
        place=place,
        track_id=message.track_id,
        frame_index=np.array(message.frame_index, np.int32),
        pts_s=np.array(message.pts_s),
        vertices_m=decode(message),
        pelvis_m=rowwise("pelvis_m", 3),
        joints3d_m=rowwise("joints3d_m", 14, 3),
        joints2d_px=rowwise("joints2d_px", 14, 2),
        camera=rowwise("camera", 3),
        crop_px=rowwise("crop_px", 4),
        translation_m=rowwise("translation_m", 3),
        score=rowwise("score"),
        observed=np.full(rows, not message.interpolated),
        intrinsics=np.array(message.intrinsics, np.float32).reshape(3, 3),
        rotmat=rowwise("rotmat", 24, 3, 3) if message.rotmat else None,
        betas=rowwise("betas", 10) if message.betas else None,
    )


@contextmanager
def explained_call(server: str) -> Iterator[None]:
    """Raise what a status says, as the error it came from.

    Raises:
        UnavailableError: `server_unreachable`.
        RemocapError: Of the class whose exit status fits, with the server's code and message.
    """
    try:
        yield
    except grpc.aio.AioRpcError as error:
        raise _explained(server, error) from error


def _explained(server: str, error: grpc.aio.AioRpcError) -> RemocapError:
    info, retry = ErrorInfo(), RetryInfo()
    call: Any = error  # has what a call has
    status = rpc_status.from_call(call)
    for detail in status.details if status is not None else ():
        _ = detail.Unpack(info) or detail.Unpack(retry)
    if info.reason:
        http = HTTPStatus(int(info.metadata.get("http_status", 500)))
        wait_s = retry.retry_delay.ToMilliseconds() / 1000
        return error_of(http, info.reason, error.details() or "", wait_s or None)
    if error.code() == grpc.StatusCode.UNAVAILABLE:
        return UnavailableError(
            "server_unreachable",
            f"{server} does not answer ({error.details()}); start one with `remocap serve`, or "
            "name another",
        )
    return RemocapError("bad_answer", f"{server}: {error.code().name}: {error.details()}")
