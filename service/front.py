"""What the endpoints share: one of each per process, handed to them by FastAPI."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from service.broker import Broker
from service.errors import NotAcceptableError
from service.jobs import Caller, Jobs
from service.options import (
    MEDIA_TYPES,
    Format,
    ResultOptions,
    format_from,
    wait_from,
)
from service.settings import Settings
from service.store import Store
from service.watch import Waiting, Watch

IDEMPOTENCY_KEY = r"[\x21-\x7e]+"
MAX_KEY = 255  # characters


@dataclass(frozen=True)
class Front:
    """The parts of one api process."""

    settings: Settings
    store: Store
    broker: Broker
    jobs: Jobs
    watch: Watch
    waiting: Waiting

    @classmethod
    def of(cls, settings: Settings, store: Store, broker: Broker) -> "Front":
        """Put them together."""
        jobs, watch = Jobs(settings, store, broker), Watch(broker)
        return cls(settings, store, broker, jobs, watch, Waiting(jobs, watch))


def _front(request: Request) -> Front:
    front: Front = request.app.state.front
    return front


def _caller(
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
    return Caller(idempotency_key=key)


TheFront = Annotated[Front, Depends(_front)]
TheCaller = Annotated[Caller, Depends(_caller)]


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


def chosen_wait_s(request: Request, options: ResultOptions) -> float | None:
    """Return how long the client waits: by the option, else by Prefer; None where it does not."""
    if options.wait is not None:
        return options.wait
    return wait_from(request.headers.get("prefer", ""))
