"""What a server answers, to its client: problem documents as the errors they came from."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpx2

from model.errors import InputError, NobodyFoundError, RemocapError, UsageError
from service.errors import LaterError, OverCapacityError, UnavailableError


@contextmanager
def explained_network(server: str) -> Iterator[None]:
    """Say in a user's terms that a server is not there.

    Raises:
        UnavailableError: `server_unreachable`.
        UsageError: `bad_setting` where the URL has no scheme that we speak.
    """
    try:
        yield
    except httpx2.UnsupportedProtocol:
        raise UsageError(
            "bad_setting", f"--server is '{server}'; expected a URL, e.g. http://localhost:8000"
        ) from None
    except httpx2.TransportError as error:
        raise UnavailableError(
            "server_unreachable",
            f"{server} does not answer ({str(error) or type(error).__name__}); start one with "
            "`remocap serve`, or name another with --server",
        ) from error


def check_answer(answer: httpx2.Response) -> None:
    """Raise what a problem document, which was read, says; nothing where the answer is none.

    Raises:
        RemocapError: Of the class whose exit status fits, with the problem's code and detail.
    """
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        return
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem["detail"])
    except (ValueError, KeyError, TypeError):
        code, detail = "bad_answer", f"the server answered {answer.status_code}; is it RemoCap's?"
    retry_after = answer.headers.get("retry-after")
    wait_s = float(retry_after) if retry_after else None
    raise error_of(HTTPStatus(answer.status_code), code, detail, wait_s)


def error_of(status: HTTPStatus, code: str, detail: str, wait_s: float | None) -> RemocapError:
    """Return the error that a status, a code and a message came from."""
    if code == "no_person_found":
        return NobodyFoundError(code, detail)
    if status in _BUSY:
        return _later(status, code, detail, wait_s)
    if status in _INPUT:
        return InputError(code, detail)
    return (UsageError if status < HTTPStatus.INTERNAL_SERVER_ERROR else RemocapError)(code, detail)


def _later(status: HTTPStatus, code: str, detail: str, wait_s: float | None) -> LaterError:
    kind = OverCapacityError if status == HTTPStatus.TOO_MANY_REQUESTS else UnavailableError
    return kind(code, detail, wait_s)


_BUSY = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
        HTTPStatus.INSUFFICIENT_STORAGE,
    }
)
_INPUT = frozenset(
    {
        HTTPStatus.CONFLICT,
        HTTPStatus.GONE,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
