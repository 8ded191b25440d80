"""Errors as gRPC statuses: one table from class to code.

Details of a status (google.rpc): ErrorInfo, whose `reason` is the stable code that REST has too
and whose `http_status` is REST's, and RetryInfo where another try is worth it.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import grpc
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc_status import rpc_status

from model.errors import InputError, NobodyFoundError, OutputError, RemocapError, UsageError
from service import errors
from service.logs import get_log
from service.metrics import REQUEST_SECONDS, REQUESTS
from service.problems import status_of as http_status_of
from service.security_masks import mask

DOMAIN = "remocap"
_LONGEST_MESSAGE = 1000  # it travels in a header
Answer = TypeVar("Answer")
Context = grpc.aio.ServicerContext[Any, Any]
log = get_log("rpc")

CODES: Mapping[type[RemocapError], StatusCode] = {
    RemocapError: StatusCode.INTERNAL,
    UsageError: StatusCode.INVALID_ARGUMENT,
    InputError: StatusCode.INVALID_ARGUMENT,
    NobodyFoundError: StatusCode.INVALID_ARGUMENT,
    OutputError: StatusCode.FAILED_PRECONDITION,
    errors.ServiceError: StatusCode.INTERNAL,
    errors.UnauthenticatedError: StatusCode.UNAUTHENTICATED,
    errors.ForbiddenError: StatusCode.PERMISSION_DENIED,
    errors.NotFoundError: StatusCode.NOT_FOUND,
    errors.GoneError: StatusCode.NOT_FOUND,
    errors.NotReadyError: StatusCode.FAILED_PRECONDITION,
    errors.JobOverError: StatusCode.FAILED_PRECONDITION,
    errors.JobFailedError: StatusCode.INVALID_ARGUMENT,
    errors.FaultError: StatusCode.INTERNAL,
    errors.IdempotencyConflictError: StatusCode.ALREADY_EXISTS,
    errors.UploadError: StatusCode.INVALID_ARGUMENT,
    errors.TooLargeError: StatusCode.INVALID_ARGUMENT,
    errors.UnsupportedTypeError: StatusCode.INVALID_ARGUMENT,
    errors.NotAcceptableError: StatusCode.INVALID_ARGUMENT,
    errors.LeaseLostError: StatusCode.INTERNAL,
    errors.BadMessageError: StatusCode.INTERNAL,
    errors.LaterError: StatusCode.UNAVAILABLE,
    errors.OverCapacityError: StatusCode.RESOURCE_EXHAUSTED,
    errors.UnavailableError: StatusCode.UNAVAILABLE,
    errors.BrokerUnavailableError: StatusCode.UNAVAILABLE,
    errors.StoreUnavailableError: StatusCode.UNAVAILABLE,
    errors.ModelUnavailableError: StatusCode.UNAVAILABLE,
    errors.DrainingError: StatusCode.UNAVAILABLE,
    errors.StoreFullError: StatusCode.RESOURCE_EXHAUSTED,
}
"""Every class of `model.errors` and `service.errors`; a test holds that none is missing."""


def code_of(kind: type[RemocapError]) -> StatusCode:
    """Return the gRPC code of an error; of its closest base where it is not in the table."""
    return next(CODES[base] for base in kind.__mro__ if base in CODES)


def status_of(error: RemocapError) -> grpc.Status:
    """Return the status that a call ends with."""
    facts = {"http_status": str(http_status_of(type(error)))}
    details: list[Message] = [ErrorInfo(reason=error.code, domain=DOMAIN, metadata=facts)]
    if isinstance(error, errors.LaterError):
        wait = Duration()
        wait.FromMilliseconds(max(round(error.retry_after_s * 1000), 1))
        details.append(RetryInfo(retry_delay=wait))
    return _status(code_of(type(error)), error.message[:_LONGEST_MESSAGE], details)


def _status(code: StatusCode, message: str, details: list[Message]) -> grpc.Status:
    packed = []
    for detail in details:
        packed.append(Packed())
        packed[-1].Pack(detail)
    number = Code.Value(code.name)
    return rpc_status.to_status(Status(code=number, message=mask(message), details=packed))


_UNKNOWN = "something went wrong here; the log of this server says what"


def answering(
    method: Callable[[Any, Any, Context], Awaitable[Answer]],
) -> Callable[[Any, Any, Context], Awaitable[Answer]]:
    """Have what a method raises become the call's status; count and log the call."""

    @functools.wraps(method)
    async def answered(self: Any, request: Any, context: Context) -> Answer:
        since_s, code = time.perf_counter(), StatusCode.OK
        try:
            return await method(self, request, context)
        except asyncio.CancelledError:
            code = StatusCode.CANCELLED
            raise
        except RemocapError as error:
            code = code_of(type(error))
            await context.abort_with_status(status_of(error))
            raise
        except Exception:
            # The trace goes to the log; a client is told no more than that it was our fault.
            code = StatusCode.INTERNAL
            log.exception("a call failed", route=method.__name__)
            info: list[Message] = [ErrorInfo(reason="internal", domain=DOMAIN)]
            await context.abort_with_status(_status(code, _UNKNOWN, info))
            raise
        finally:
            _note(method.__name__, code, time.perf_counter() - since_s)

    return answered


def _note(route: str, code: StatusCode, seconds: float) -> None:
    REQUESTS.labels("rpc", route, code.name).inc()
    REQUEST_SECONDS.labels("rpc", route).observe(seconds)
    log.info("answered", route=route, status=code.name, seconds=round(seconds, 4))
