"""What HTTP needs beside keys: whose page may call us, and what a browser may do with our answers.

Where no keys are asked for, a page of somebody else's must not use the service through a visitor's
browser. It cannot call us by our name and address, as its requests bear its Origin; and it cannot
make its own name point here (DNS rebinding), as that name then is the request's Host, which is
neither `localhost`, nor an address, nor in `REMOCAP_ALLOWED_HOSTS`.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.errors import RemocapError
from service.admission import Gate
from service.errors import ForbiddenError
from service.problems import problem_response
from service.settings import Settings

OPERATIONS = frozenset({"/healthz", "/readyz", "/metrics"})
"""They name no job, no tenant and no file, and are asked by machines that know no key."""

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"
"""Content-Security-Policy of what is no page of ours: what came of a user's video runs nothing."""


class Place(NamedTuple):
    """Name and port as in Host and Origin; the port is None where the scheme tells it."""

    name: str
    port: int | None


class Guard:
    """Turns away requests of foreign pages, and tells browsers how to treat answers.

    It takes `share=` out of the query, too, before anybody logs or reads that; it is found in
    `request.state.link`.

    Args:
        app: What is guarded.
        settings: Name the hosts that are allowed.
        gate: Says whether keys are asked for.
    """

    def __init__(self, app: ASGIApp, settings: Settings, gate: Gate) -> None:
        self._app, self._gate = app, gate
        named = [*settings.allowed_hosts.split(","), settings.host or ""]
        self._hosts = frozenset(place_of(host).name for host in named if host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a problem document."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sender = _with_headers(scope["path"], send)
        take_link(scope)
        try:
            if scope["path"] not in OPERATIONS:
                await self._check(Headers(scope=scope))
        except RemocapError as error:
            await problem_response(error)(scope, receive, sender)
            return
        await self._app(scope, receive, sender)

    async def _check(self, headers: Headers) -> None:
        host = headers.getlist("host")
        if not await self._gate.asks_for_keys():
            check_host(host, self._hosts)
        check_origin(headers, host[0] if host else "", self._hosts)


def check_host(given: list[str], allowed: Iterable[str]) -> None:
    """Check that a request calls this service by a name of its own.

    Raises:
        ForbiddenError: `unknown_host`.
    """
    name = place_of(given[0]).name if len(given) == 1 else ""
    if name == "localhost" or name in allowed or _is_address(name):
        return
    raise ForbiddenError(
        "unknown_host",
        f"the request calls this service {name[:100]!r}; expected localhost, its address, or a "
        "name in REMOCAP_ALLOWED_HOSTS; or make a key with `remocap keys add`",
    )


def check_origin(headers: Headers, host: str, allowed: Iterable[str]) -> None:
    """Check that it is a page of ours, if any, that has a browser send a request.

    Raises:
        ForbiddenError: `foreign_origin`.
    """
    origin = headers.get("origin")
    if origin is not None:
        place = _place_of_origin(origin)
        if place is None or not (place == place_of(host) or place.name in allowed):
            raise foreign(origin)
        return
    is_foreign = headers.get("sec-fetch-site") == "cross-site"
    if is_foreign and headers.get("sec-fetch-mode") != "navigate":
        raise foreign("not stated")


def foreign(origin: str) -> ForbiddenError:
    """Return the error for a request that a page of somebody else's had sent."""
    return ForbiddenError(
        "foreign_origin",
        f"the page that asks is of {origin[:100]!r}; expected one that this service served, or one "
        "whose host is in REMOCAP_ALLOWED_HOSTS",
    )


def place_of(host: str) -> Place:
    """Read a Host header; an empty name where it makes no sense."""
    try:
        parts = urlsplit(f"//{host.strip()}")
        port = None if parts.port in {None, 80, 443} else parts.port
        return Place((parts.hostname or "").rstrip("."), port)
    except ValueError:
        return Place("", None)


def _place_of_origin(origin: str) -> Place | None:
    scheme, colon, rest = origin.partition("://")
    if not colon or scheme not in {"http", "https"}:
        return None
    return place_of(rest)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def take_link(scope: Scope) -> None:
    """Take the token of a share link out of a request's query."""
    kept, token = [], ""
    for part in scope["query_string"].split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"share":
            token = unquote(value.decode("latin-1"))
        else:
            kept.append(part)
    scope["query_string"] = b"&".join(kept)
    scope.setdefault("state", {})["link"] = token


def _with_headers(path: str, send: Send) -> Send:
    async def sender(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            if path.startswith("/v1/"):
                headers.setdefault("Content-Security-Policy", DATA_POLICY)
        await send(message)

    return sender
