"""What the endpoints share: one of each per process, handed to them by FastAPI."""

from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Header, Request, Security
from fastapi.security import APIKeyCookie, APIKeyQuery, HTTPBearer

from service.admission import Credentials, Gate
from service.broker import Broker
from service.errors import ForbiddenError, NotAcceptableError
from service.jobs import Caller, Jobs
from service.options import (
    MEDIA_TYPES,
    Format,
    ResultOptions,
    WaitOptions,
    format_from,
    wait_from,
)
from service.settings import Settings
from service.store import Store
from service.watch import Waiting, Watch

COOKIE = "remocap_session"
IDEMPOTENCY_KEY = r"[\x21-\x7e]+"
MAX_KEY = 255  # characters
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

# Said in the interface's description; `credentials_of` reads them.
_BEARER = HTTPBearer(description="A key, `rmc_...`.", auto_error=False)
_SESSION = APIKeyCookie(name=COOKIE, description="Of POST /v1/session.", auto_error=False)
_LINK = APIKeyQuery(name="share", description="Of a link to one job; GET only.", auto_error=False)


@dataclass(frozen=True)
class Front:
    """The parts of one api process."""

    settings: Settings
    store: Store
    broker: Broker
    jobs: Jobs
    watch: Watch
    waiting: Waiting
    gate: Gate

    @classmethod
    def of(cls, settings: Settings, store: Store, broker: Broker) -> "Front":
        """Put them together."""
        jobs, watch = Jobs(settings, store, broker), Watch(broker)
        gate = Gate(settings, store, broker)
        return cls(settings, store, broker, jobs, watch, Waiting(jobs, watch), gate)


async def _front(request: Request) -> Front:  # a plain function would go through a thread
    front: Front = request.app.state.front
    return front


async def identified(
    request: Request,
    _bearer: Annotated[object, Security(_BEARER)] = None,
    _session: Annotated[object, Security(_SESSION)] = None,
    _link: Annotated[object, Security(_LINK)] = None,
) -> Caller:
    """Return who asks, if they may ask for this.

    Raises:
        UnauthenticatedError: As `Gate.identify`.
        ForbiddenError: `read_only`, `foreign_origin`.
    """
    front = await _front(request)
    caller = await front.gate.identify(credentials_of(request))
    if caller.only_job is not None:
        _check_scope(request)
    if caller.by_session and request.method not in _SAFE and "origin" not in request.headers:
        raise ForbiddenError(
            "foreign_origin",
            "a browser's session is shown without an Origin; send a key as `Authorization: Bearer`",
        )
    address = request.client.host if request.client else ""
    return replace(caller, address=address)


async def _with_key(
    caller: Annotated[Caller, Depends(identified)],
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=MAX_KEY,
            pattern=f"^{IDEMPOTENCY_KEY}$",
            description="Your name for this request: repeating it makes no second job.",
        ),
    ] = None,
) -> Caller:
    """Return who asks, with their name for the request."""
    return replace(caller, idempotency_key=key)


def credentials_of(request: Request) -> Credentials:
    """Return what a client shows."""
    return Credentials(
        authorization=request.headers.get("authorization", ""),
        session=request.cookies.get(COOKIE, ""),
        link=getattr(request.state, "link", ""),
    )


def _check_scope(request: Request) -> None:
    """Check that what a link may show is all that is asked for; which job, `Jobs.status` sees."""
    shows = "job_id" in request.path_params or request.url.path.startswith("/v1/models")
    if request.method not in _SAFE or not shows:
        raise ForbiddenError(
            "read_only", "this link shows one job and changes nothing; use a key for more"
        )


TheFront = Annotated[Front, Depends(_front)]
TheCaller = Annotated[Caller, Depends(identified)]
TheSubmitter = Annotated[Caller, Depends(_with_key)]


def chosen_format(request: Request, options: ResultOptions) -> Format:
    """Return the form that is asked for: by the option, else by Accept, else the first.

    Raises:
        NotAcceptableError: `not_acceptable`.
    """
    accept = request.headers.get("accept", "")
    form = options.format or format_from(accept)
    if form is None:
        known = ", ".join(f"{kind} ({form})" for form, kind in MEDIA_TYPES.items())
        raise NotAcceptableError(
            "not_acceptable",
            f"none of {accept[:200]!r} can be had; expected one of {known}, or ?format=",
        )
    return form


def chosen_wait_s(request: Request, options: WaitOptions) -> float | None:
    """Return how long the client waits: by the option, else by Prefer; None where it does not."""
    if options.wait is not None:
        return options.wait
    return wait_from(request.headers.get("prefer", ""))
