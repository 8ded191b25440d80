"""The REST interface of streams: events, frames, topology, preview and thumbnail."""

from http import HTTPStatus
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Header, Query, Request, Response

from service import streams_media, streams_records, streams_topology
from service.events import EventStream, Stream, stream_events
from service.front import TheCaller, TheFront, chosen_wait_s, identified
from service.handout import PENDING, check_succeeded
from service.options import WaitOptions
from service.problems import PROBLEMS
from service.streams_frames import FrameOptions, FrameWriter, committed_frames, finished_frames
from service.streams_media import hand_out_media
from service.streams_topology import find_topology

_IMMUTABLE = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"

streams = APIRouter(prefix="/v1", responses=PROBLEMS, dependencies=[Depends(identified)])


def _binary(*kinds: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "As docs/streams.md says.", "content": dict.fromkeys(kinds, schema)}
    }


_UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it: If-None-Match."}}


def _media(kind: str) -> dict[int | str, dict[str, Any]]:
    whole = _binary(kind)
    part = {206: {**whole[200], "description": "The bytes that Range asks for."}}
    return whole | part | _UNCHANGED | PENDING


@streams.get(
    "/jobs/{job_id}/events",
    response_class=EventStream,
    status_code=200,
    responses={204: {"description": "The job is over, and nothing comes behind that number."}},
    tags=["jobs"],
)
async def get_events(
    front: TheFront,
    caller: TheCaller,
    job_id: str,
    after: Annotated[int, Query(ge=0, description="Begin behind this number.")] = 0,
    last: Annotated[int | None, Header(alias="Last-Event-ID", ge=0)] = None,
) -> Response:
    """Tell what happens to a job as it happens, as server-sent events; resumes by number."""
    status = await run_sync(front.jobs.status, job_id, caller)
    after = after if last is None else last
    if status.over and after >= status.last_seq:
        return Response(status_code=204)  # tells an EventSource not to come again
    return EventStream(stream_events(front, job_id, caller, after))


@streams.get(
    "/jobs/{job_id}/frames",
    response_class=Response,
    responses=_binary(streams_records.MEDIA_TYPE),
    tags=["jobs"],
)
async def get_frames(
    front: TheFront, caller: TheCaller, job_id: str, options: Annotated[FrameOptions, Query()]
) -> Response:
    """Send meshes, as they are committed or as the result has them; docs/streams.md has the bytes.

    409 where `smooth` is given and the job still runs.
    """
    status = await run_sync(front.jobs.status, job_id, caller)
    if options.smooth is None:
        pieces = committed_frames(front, status, caller, options)
        return Stream(pieces, streams_records.MEDIA_TYPE)
    check_succeeded(status)
    writer = FrameWriter(front, status.job, options)
    result = await run_sync(writer.result)
    pieces = finished_frames(writer, status, options, result.reconstruction)
    return Stream(pieces, streams_records.MEDIA_TYPE, result.close)


@streams.get(
    "/jobs/{job_id}/preview.mp4",
    response_class=Response,
    responses=_media("video/mp4"),
    tags=["jobs"],
)
async def get_preview(
    request: Request,
    front: TheFront,
    caller: TheCaller,
    job_id: str,
    options: Annotated[WaitOptions, Query()],
) -> Response:
    """Send the job's video as browsers play it. 202 while it is being made; ranges are answered."""
    status = await run_sync(front.jobs.status, job_id, caller)
    wait_s = chosen_wait_s(request, options) or 0.0
    return await hand_out_media(request, front, status, "preview", wait_s)


@streams.get(
    "/jobs/{job_id}/thumbnail.jpg",
    response_class=Response,
    responses=_media(streams_media.MEDIA_TYPES["thumbnail"]),
    tags=["jobs"],
)
async def get_thumbnail(
    request: Request,
    front: TheFront,
    caller: TheCaller,
    job_id: str,
    options: Annotated[WaitOptions, Query()],
) -> Response:
    """Send one small picture with the people drawn over it. 202 while it is being made."""
    status = await run_sync(front.jobs.status, job_id, caller)
    wait_s = chosen_wait_s(request, options) or 0.0
    return await hand_out_media(request, front, status, "thumbnail", wait_s)


@streams.get(
    "/models/{name}/topology",
    response_class=Response,
    responses=_binary(streams_topology.MEDIA_TYPE) | _UNCHANGED,
    tags=["models"],
)
async def get_topology(request: Request, front: TheFront, name: str) -> Response:
    """Send what turns a model's coarse rows into meshes; `name@weights` never changes."""
    topology = await run_sync(find_topology, name, front.settings.models_dir)
    tag = f'"{topology.sha256}"'
    headers = {"ETag": tag, "Cache-Control": _IMMUTABLE if "@" in name else _ASK_AGAIN}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(topology.data, headers=headers, media_type=streams_topology.MEDIA_TYPE)
