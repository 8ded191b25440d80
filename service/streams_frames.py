"""Meshes of a job as a stream of records: as they are committed, or as the result has them.

In memory is one record of coarse rows, or a few rows of fine ones, however slowly a client reads.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Annotated, Any

from anyio.to_thread import run_sync
from pydantic import BaseModel, ConfigDict, Field

from model.errors import RemocapError
from model.export.rows import slices
from model.reconstruction import Reconstruction
from model.types import Sequence, Smoothing
from service.broker_types import JobStatus
from service.errors import GoneError, LaterError
from service.events import ClipName, happenings
from service.front import Front
from service.jobs import Caller
from service.logs import get_log
from service.messages import Event, Job, JobState
from service.results import PartialResult, Result, open_result
from service.shapes import Shapes, load_shapes
from service.streams_records import (
    Encoding,
    Form,
    Kind,
    Level,
    alive_record,
    json_record,
    rows_record,
)
from service.streams_topology import topology_url
from service.video_facts import VideoFacts, first_time_s, read_facts

log = get_log("frames")
_COPIED = (
    *("model", "weights_sha256", "trained", "body", "licence", "width", "height"),
    *("focal_px", "focal_source", "joint_names"),
)
"""Fields of `Meta` that the record of that name holds."""


class FrameOptions(BaseModel):
    """Which frames are sent, and how."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, Field(ge=0, le=2**53)] = Field(
        0, description="Begin behind the record of this number."
    )
    level: Level = Field("coarse", description="Which vertices.")
    encoding: Encoding = Field("float32", description="Of positions.")
    track: int | None = Field(None, ge=1, description="Only this person [default: everybody].")
    smooth: Smoothing | None = Field(
        None,
        description="The rows of the finished result, so smooth, gaps filled "
        "[default: raw rows, as they are committed].",
    )
    follow: bool = Field(True, description="Go on until the job is over.")

    @property
    def form(self) -> Form:
        """How positions are written."""
        return Form(self.level, self.encoding)


class FrameWriter:
    """Makes records of a job's rows.

    Args:
        front: The process.
        job: Whose.
        options: Which rows, and how.
    """

    def __init__(self, front: Front, job: Job, options: FrameOptions) -> None:
        self._front, self._job, self._options = front, job, options

    def _shapes(self) -> Shapes:
        job = self._job
        return load_shapes(job.model, job.weights_sha256, self._front.settings.models_dir)

    def partial(self) -> PartialResult:
        """Open what the job has so far."""
        return PartialResult(self._front.store, self._job, self._front.settings.models_dir)

    def result(self) -> Result:
        """Open the whole result, as smooth as it was asked for."""
        front, options = self._front, self._options
        return open_result(
            front.store,
            front.broker,
            self._job,
            front.settings.models_dir,
            track=options.track,
            smooth=options.smooth or "off",
        )

    def meta(self, number: int, scene: Reconstruction, rows: int | None) -> bytes:
        """Return the record that says what the rows mean."""
        facts = read_facts(self._front.store, self._job.id) or VideoFacts(0, 0)
        meta = scene.meta
        said: dict[str, Any] = {
            "job": self._job.id,
            "topology": topology_url(meta.model, meta.weights_sha256),
            "fps": facts.fps,
            "duration_s": facts.duration_s,
            "frame_count": facts.frame_count,
            "intrinsics": scene.intrinsics.tolist(),
            "level": self._options.level,
            "encoding": self._options.encoding,
            "smoothing": self._options.smooth,
            "rows": rows,
            "first_pts_s": first_time_s(self._front.store, self._job.id),
        }
        return json_record(
            Kind.meta, number, said | {name: getattr(meta, name) for name in _COPIED}
        )

    def rows(self, number: int, scene: Reconstruction, shown: Sequence) -> Iterator[bytes]:
        """Yield the record of some rows of one person, in pieces."""
        placed = self._shapes().joints.place(shown, scene.intrinsics)
        form = self._options.form
        return rows_record(number, shown, placed, form, lambda k: scene.mesh_of(k).vertices_m)

    def end(self, number: int, status: JobStatus) -> bytes:
        """Return the last record."""
        first_s = first_time_s(self._front.store, self._job.id)
        return end_record(number, status.state, status.code, status.message, first_s)


def end_record(
    number: int,
    state: JobState,
    code: str | None,
    message: str | None,
    first_pts_s: float | None = None,
) -> bytes:
    """Return the last record of a stream."""
    said = {"state": state, "code": code, "message": message, "first_pts_s": first_pts_s}
    return json_record(Kind.end, number, said)


async def committed_frames(
    front: Front, status: JobStatus, caller: Caller, options: FrameOptions
) -> AsyncGenerator[str | bytes, None]:
    """Yield records of clips as they are committed, until the job is over.

    What goes wrong once the answer has begun is its end; what will pass is none, so that the client
    comes back.
    """
    number = options.after
    try:
        async with aclosing(_committed(front, status, caller, options)) as pieces:
            async for begun, piece in pieces:
                number = begun
                yield piece
    except LaterError as error:
        log.warning("frames broke off", job=status.job.id, code=error.code)
    except RemocapError as error:
        state: JobState = "cancelled" if isinstance(error, GoneError) else "failed"
        yield end_record(number, state, error.code, error.message)


async def _committed(
    front: Front, status: JobStatus, caller: Caller, options: FrameOptions
) -> AsyncGenerator[tuple[int, bytes], None]:
    """Yield pieces of records, each with the number of the last record that was begun."""
    job_id, after = status.job.id, options.after
    writer = FrameWriter(front, status.job, options)
    partial: PartialResult | None = None
    listening = happenings(front, job_id, caller, after, once=not options.follow)
    async with aclosing(listening) as events:
        async for event in events:
            if event is None:
                yield after, alive_record(after)
                continue
            if _is_wanted(event, options.track):
                if partial is None:
                    partial = await run_sync(writer.partial)
                    yield after, await run_sync(writer.meta, after, partial.scene, None)
                (shown,) = await run_sync(partial.people, [str(event.data["path"])])
                async for piece in _in_threads(writer.rows(event.seq, partial.scene, shown)):
                    yield event.seq, piece
            after = event.seq
    status = await run_sync(front.jobs.status, job_id, caller)
    if status.over:
        yield after, await run_sync(writer.end, after, status)


def _is_wanted(event: Event, track: int | None) -> bool:
    if event.kind != "clip_committed":
        return False
    return track is None or ClipName.of(event.data["clip"]).track == track


async def finished_frames(
    writer: FrameWriter, status: JobStatus, options: FrameOptions, people: Reconstruction
) -> AsyncGenerator[str | bytes]:
    """Yield records of the rows of a result."""
    yield await run_sync(writer.meta, options.after, people, people.rows)
    for number, person, rows in _after(people, options.after):
        shown = await run_sync(people.shown, person, rows)
        async for piece in _in_threads(writer.rows(number, people, shown)):
            yield piece
    yield await run_sync(writer.end, people.rows, status)


def _after(people: Reconstruction, rows: int) -> Iterator[tuple[int, Sequence, slice]]:
    """Pass through all but the first rows, a few at a time; yield the number of rows so far too."""
    passed = 0
    for person in people.sequences:
        left_out = min(max(rows - passed, 0), len(person))
        for chosen in slices(len(person) - left_out):
            start, stop = chosen.start + left_out, chosen.stop + left_out
            yield passed + stop, person, slice(start, stop)
        passed += len(person)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncGenerator[bytes]:
    """Yield what an iterator computes, each piece in a thread."""
    while (piece := await run_sync(next, pieces, None)) is not None:
        yield piece
