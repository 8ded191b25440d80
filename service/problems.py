"""Errors as RFC 9457 problem documents: one table from class to HTTP status.

A problem has `code`, stable and for programs, beside `title`, `status` and `detail`, which names
the value, what was expected and the remedy.
"""

from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from model.errors import InputError, NobodyFoundError, OutputError, RemocapError, UsageError
from service import errors
from service.options import bad_option
from service.security_masks import mask

MEDIA_TYPE = "application/problem+json"

STATUSES: Mapping[type[RemocapError], int] = {
    RemocapError: 500,
    UsageError: 400,
    InputError: 422,
    NobodyFoundError: 422,
    OutputError: 422,
    errors.ServiceError: 500,
    errors.UnauthenticatedError: 401,
    errors.ForbiddenError: 403,
    errors.NotFoundError: 404,
    errors.GoneError: 410,
    errors.NotReadyError: 409,
    errors.JobOverError: 409,
    errors.JobFailedError: 422,
    errors.FaultError: 500,
    errors.IdempotencyConflictError: 409,
    errors.UploadError: 400,
    errors.TooLargeError: 413,
    errors.UnsupportedTypeError: 415,
    errors.NotAcceptableError: 406,
    errors.LeaseLostError: 500,
    errors.BadMessageError: 500,
    errors.LaterError: 503,
    errors.OverCapacityError: 429,
    errors.UnavailableError: 503,
    errors.BrokerUnavailableError: 503,
    errors.StoreUnavailableError: 503,
    errors.ModelUnavailableError: 503,
    errors.DrainingError: 503,
    errors.StoreFullError: 507,
}
"""Every class of `model.errors` and `service.errors`; a test holds that none is missing."""

_WEB_CODES = {404: "unknown_path", 405: "method_not_allowed", 416: "range_not_satisfiable"}


class Problem(BaseModel):
    """What an answer with a status of 400 and above holds."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="What was given, what was expected, and the remedy.")
    code: str = Field(description="Stable, for programs, e.g. `no_person_found`.")


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "A problem document (RFC 9457)."},
    "5XX": {"model": Problem, "description": "A problem document (RFC 9457)."},
}
"""What every endpoint may answer, as OpenAPI tells it."""


def status_of(kind: type[RemocapError]) -> int:
    """Return the HTTP status of an error; of its closest base where it is not in the table."""
    return next(STATUSES[base] for base in kind.__mro__ if base in STATUSES)


def problem_response(error: RemocapError) -> JSONResponse:
    """Return the answer for an error, with Retry-After where another try is worth it."""
    response = _response(status_of(type(error)), error.code, error.message)
    if isinstance(error, errors.LaterError):
        response.headers["Retry-After"] = str(max(ceil(error.retry_after_s), 1))
    if isinstance(error, errors.UnauthenticatedError):
        response.headers["WWW-Authenticate"] = 'Bearer realm="remocap"'
    return response


def handle_errors(app: FastAPI) -> None:
    """Let every error that leaves an endpoint become a problem document."""
    app.add_exception_handler(RemocapError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_web)
    app.add_exception_handler(Exception, _on_unknown)


def _on_known(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RemocapError)
    return problem_response(error)


def _on_invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return problem_response(bad_option(str(first["loc"][-1]), first["msg"], first["type"]))


def _on_web(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = _WEB_CODES.get(error.status_code, "bad_request")
    detail = f"{request.method} {request.url.path}: {error.detail}; see /docs"
    response = _response(error.status_code, code, detail)
    response.headers.update(error.headers or {})
    return response


def _on_unknown(_: Request, __: Exception) -> JSONResponse:
    # The trace goes to the log; a client is told no more than that it was our fault.
    return _response(500, "internal", "something went wrong here; the log of this server says what")


def _response(status: int, code: str, detail: str) -> JSONResponse:
    title = HTTPStatus(status).phrase
    problem = Problem(title=title, status=status, detail=mask(detail), code=code)
    return JSONResponse(problem.model_dump(), status, media_type=MEDIA_TYPE)
