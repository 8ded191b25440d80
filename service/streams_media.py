"""Preview and thumbnail of a job: files that the media role makes once, handed out by ranges.

Their type is ours and fixed. A range is answered as RFC 9110, section 14 says; of several in one
request nothing is made, so the whole is sent, as it allows.
"""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import NamedTuple

from anyio.to_thread import run_sync
from fastapi import HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from service.broker_types import ExportState, JobStatus
from service.exports import export_request
from service.front import Front
from service.handout import OUR_FAULTS, await_export, check_succeeded, failure
from service.schemas import Pending
from service.store import Store

MEDIA_TYPES: Mapping[str, str] = {"preview": "video/mp4", "thumbnail": "image/jpeg"}
_PIECE_BYTES = 2**18
_WORTH_A_RETRY = OUR_FAULTS | {"disk_full"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Span(NamedTuple):
    """The bytes [start, end) of a file."""

    start: int
    end: int


async def hand_out_media(
    request: Request, front: Front, status: JobStatus, form: str, wait_s: float
) -> Response:
    """Return a file of a job that has succeeded, 202 while it is being made.

    Args:
        request: May ask for a range, or name what it has.
        front: The process.
        status: How the job stands.
        form: One of `MEDIA_TYPES`.
        wait_s: How long to wait for the file.

    Raises:
        NotReadyError, JobFailedError, FaultError, JobOverError: As `check_succeeded`.
        HTTPException: 416.
    """
    check_succeeded(status)
    asked = export_request(status.job.id, form)
    known = await run_sync(front.broker.export_state, asked.job, asked.export)
    if known is not None and known.state == "failed" and known.code not in _WORTH_A_RETRY:
        raise failure(known.code, known.message)
    state = await await_export(front, asked, wait_s)
    match state.state:
        case "ready":
            return _answer(request, front.store, state, form)
        case "failed":
            raise failure(state.code, state.message)
        case _:
            url = request.url.path
            headers = {"Location": url, "Retry-After": "1", "Cache-Control": "no-store"}
            return JSONResponse(Pending(result_url=url).model_dump(), 202, headers)


def _answer(request: Request, store: Store, state: ExportState, form: str) -> Response:
    assert state.path is not None
    tag = f'"{state.path.rsplit("/", 1)[-1]}-{state.size_bytes}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Accept-Ranges": "bytes"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    span = asked_span(request.headers, tag, state.size_bytes)
    code = HTTPStatus.OK
    if span is not None:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{state.size_bytes}"
        code = HTTPStatus.PARTIAL_CONTENT
    whole = span or Span(0, state.size_bytes)
    headers["Content-Length"] = str(whole.end - whole.start)
    pieces = _pieces(store, state.path, whole)
    return StreamingResponse(pieces, code, headers, media_type=MEDIA_TYPES[form])


def asked_span(headers: Mapping[str, str], tag: str, size_bytes: int) -> Span | None:
    """Return which bytes are asked for; None for all of them.

    Args:
        headers: Of the request.
        tag: Of the file as it is; a range of another one is passed over.
        size_bytes: Of the file.

    Raises:
        HTTPException: 416: there are no such bytes.
    """
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or headers.get("if-range", tag) != tag or found[0] == "bytes=-":
        return None
    first, last = found.groups()
    if first:
        span = Span(int(first), min(int(last) + 1, size_bytes) if last else size_bytes)
        if last and int(last) < int(first):
            return None  # not a range at all
    else:
        span = Span(max(size_bytes - int(last), 0), size_bytes)
    if span.start >= span.end:
        raise HTTPException(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            f"the range {found[0]} lies outside of the {size_bytes} bytes",
            {"Content-Range": f"bytes */{size_bytes}"},
        )
    return span


def _pieces(store: Store, path: str, span: Span) -> Iterator[bytes]:
    for start in range(span.start, span.end, _PIECE_BYTES):
        yield store.get_range(path, start, min(start + _PIECE_BYTES, span.end))
