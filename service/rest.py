"""The REST interface, `/v1`: each endpoint parses, asks `service.jobs`, and shows."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from model.registry import list_models
from service.body import Body, open_body
from service.broker_types import JobStatus
from service.errors import UnsupportedTypeError
from service.front import (
    Front,
    TheCaller,
    TheFront,
    TheSubmitter,
    chosen_format,
    chosen_wait_s,
    identified,
)
from service.handout import PENDING, disconnected, hand_out
from service.jobs import Caller
from service.messages import JobState
from service.options import MEDIA_TYPES, Format, ReconstructOptions, ResultOptions
from service.problems import PROBLEMS
from service.receiving import incomplete
from service.schemas import Accepted, JobList, JobView, ModelList, ModelView, Pending
from service.uploads import Upload, take_in

CLIENT_GONE = 499  # as nginx logs it; nobody receives it
ID = r"^[0-9a-f]{32}$"
BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["video"],
                    "properties": {"video": {"type": "string", "format": "binary"}},
                    "additionalProperties": {"type": "string"},
                }
            },
            "video/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
RESULT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The result.",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in MEDIA_TYPES.values()
        },
    }
}

v1 = APIRouter(prefix="/v1", responses=PROBLEMS, dependencies=[Depends(identified)])
"""Nobody comes here unidentified, whatever an endpoint asks for."""


@v1.post(
    "/reconstruct",
    status_code=202,
    response_model=Accepted | Pending,
    openapi_extra=BODY,
    responses=RESULT,
    tags=["jobs"],
)
async def reconstruct(
    request: Request,
    front: TheFront,
    caller: TheSubmitter,
    options: Annotated[ReconstructOptions, Query()],
) -> Response:
    """Reconstruct everybody in a video.

    Send it as the form field `video`, or alone as the body; options as query parameters or as
    further form fields. A video alone is worked on while it arrives, a form once it is complete.
    """
    upload = Upload(_arriving(request), _body(request), _stated_bytes(request))
    job_id, options = await take_in(front.jobs, upload, options, caller)
    wait_s = chosen_wait_s(request, options)
    if wait_s is None:
        return _accepted(job_id)
    form = chosen_format(request, options)
    return await _wait_for_result(request, front, caller, job_id, options, form, wait_s)


@v1.get("/jobs", response_model=JobList, tags=["jobs"])
def list_jobs(
    front: TheFront,
    caller: TheCaller,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[str | None, Query(pattern=ID, description="From `next`.")] = None,
) -> JobList:
    """List jobs, the latest first."""
    found = front.jobs.list(caller, limit + 1, before)
    page = [JobView.from_status(status) for status in found[:limit]]
    more = f"/v1/jobs?limit={limit}&before={page[-1].id}" if len(found) > limit else None
    return JobList(jobs=page, next=more)


@v1.get("/jobs/{job_id}", response_model=JobView, tags=["jobs"])
def get_job(front: TheFront, caller: TheCaller, job_id: str) -> JobView:
    """Show how a job stands."""
    return JobView.from_status(front.jobs.status(job_id, caller))


@v1.delete("/jobs/{job_id}", status_code=204, tags=["jobs"])
def delete_job(front: TheFront, caller: TheCaller, job_id: str) -> None:
    """End a job if it runs, and erase its video and its result; from then on it is 410."""
    front.jobs.delete(job_id, caller)


@v1.get("/jobs/{job_id}/result", response_class=Response, responses=RESULT | PENDING, tags=["jobs"])
async def get_result(
    request: Request,
    front: TheFront,
    caller: TheCaller,
    job_id: str,
    options: Annotated[ResultOptions, Query()],
) -> Response:
    """Hand out a result. 202 while a file is being made, 409 while the job runs."""
    wait_s = chosen_wait_s(request, options) or 0.0
    form = chosen_format(request, options)
    status = await front.waiting.until(job_id, caller, wait_s)
    return await hand_out(front, status, options, form, wait_s)


@v1.get("/models", response_model=ModelList, tags=["models"])
def get_models(front: TheFront) -> ModelList:
    """List the models of this server, and who serves them."""
    served = {status.model_key: status for status in front.broker.models()}
    folders = list_models(front.settings.models_dir)
    default = front.settings.model
    return ModelList(models=[ModelView.of(folder, served, default) for folder in folders])


def _accepted(job_id: str, state: JobState = "queued") -> Response:
    accepted = Accepted.of(job_id, state)
    return JSONResponse(accepted.model_dump(), 202, {"Location": accepted.status_url})


async def _wait_for_result(
    request: Request,
    front: Front,
    caller: Caller,
    job_id: str,
    options: ResultOptions,
    form: Format,
    wait_s: float,
) -> Response:
    """Return the result if it is there in time; end the job if the client does not wait."""
    end_s = time.monotonic() + wait_s
    status = await _unless_disconnected(
        request,
        front,
        job_id,
        front.waiting.until(job_id, caller, wait_s, is_fresh=True),
        is_fresh=caller.idempotency_key is None,  # else others may wait for the same job
    )
    if status is None:
        return Response(status_code=CLIENT_GONE)
    if not status.over:
        return _accepted(job_id, status.state)
    return await hand_out(front, status, options, form, max(end_s - time.monotonic(), 0))


async def _unless_disconnected(
    request: Request,
    front: Front,
    job_id: str,
    status: Coroutine[Any, Any, JobStatus],
    *,
    is_fresh: bool,
) -> JobStatus | None:
    """Return the status, or None if the client goes away before; its job ends if so agreed."""
    async with front.waiting.present(job_id, is_fresh=is_fresh) as watcher:
        waiting = asyncio.create_task(status)
        gone = asyncio.create_task(disconnected(request))
        try:
            await asyncio.wait({waiting, gone}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                return waiting.result()
            await run_sync(front.jobs.leave, job_id, watcher)
            return None
        finally:
            waiting.cancel()
            gone.cancel()


def _body(request: Request) -> Body:
    """Return who reads this request's body.

    Raises:
        UnsupportedTypeError: `unsupported_media_type`.
    """
    kind = request.headers.get("content-type", "")
    body = open_body(kind)
    if body is None:
        raise UnsupportedTypeError(
            "unsupported_media_type",
            f"the body is {kind[:100]!r}; expected a form with the field 'video' "
            "(curl -F video=@clip.mp4), or a video (curl -T clip.mp4 -X POST -H 'Content-Type: "
            "video/mp4')",
        )
    return body


async def _arriving(request: Request) -> AsyncIterator[bytes]:
    try:
        async for data in request.stream():
            yield data
    except ClientDisconnect:
        raise incomplete("the connection was lost") from None


def _stated_bytes(request: Request) -> int | None:
    stated = request.headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdigit() else None
