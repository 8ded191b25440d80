"""To which addresses a webhook may go: public ones, and those that the operator allows.

Whoever sends a job names the URL, so it must not reach what only this machine can reach. A name is
resolved once, every address it has is looked at, and the connection is made to that very address;
so a name that means another address a moment later (DNS rebinding) gains nothing.
"""

import asyncio
import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

import httpcore2
from httpcore2 import AnyIOBackend, AsyncNetworkBackend, AsyncNetworkStream

from model.errors import UsageError
from service.errors import ForbiddenError

Address = IPv4Address | IPv6Address

MAX_URL = 2048
_NAME = re.compile(r"(?=.*[a-z])[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_UNICAST6 = IPv6Network("2000::/3")
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "192.0.0.0/24",  # of the IETF
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # of the IETF, Teredo among them: an IPv4 address lies in it
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address lies in it
        "3fff::/20",  # documentation
    )
)
"""Beside what the library knows."""


class Allowed(NamedTuple):
    """What the operator lets webhooks reach although it is not public.

    Attributes:
        networks: Whose addresses may be reached by any name.
        names: Of hosts, whatever their addresses are.
    """

    networks: tuple[object, ...] = ()
    names: frozenset[str] = frozenset()

    @classmethod
    def read(cls, setting: str) -> "Allowed":
        """Read names, addresses and networks, separated by commas.

        Raises:
            UsageError: `bad_setting`: one is none of these.
        """
        networks, names = [], set()
        for word in filter(None, (word.strip().lower() for word in setting.split(","))):
            try:
                networks.append(ip_network(word, strict=False))
            except ValueError:
                if not _NAME.fullmatch(word):
                    raise UsageError(
                        "bad_setting",
                        f"REMOCAP_WEBHOOK_ALLOW has {word!r}; expected names of hosts, addresses "
                        "and networks as 10.20.0.0/16, separated by commas",
                    ) from None
                names.add(word)
        return cls(tuple(networks), frozenset(names))

    def has_name(self, host: str) -> bool:
        """Whether the host is allowed by its name."""
        return host.lower().rstrip(".") in self.names

    def has(self, address: Address) -> bool:
        """Whether the address is allowed."""
        return any(address in network for network in self.networks)  # type: ignore[operator]


def is_public(address: Address) -> bool:
    """Whether anybody on the Internet could reach this address as well as we."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in _UNICAST6:
            return False  # ::1, fc00::, fe80::, ::127.0.0.1, 64:ff9b::127.0.0.1 ...
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast


def check_url(url: str, allowed: Allowed) -> str:
    """Return a URL that may be called, as far as that can be told without asking for its address.

    Raises:
        UsageError: `bad_webhook`.
    """
    complaint = _complaint(url, allowed)
    if complaint is None:
        return url
    raise UsageError(
        "bad_webhook",
        f"webhook: {complaint}; expected https://host/path of a public address, or one that "
        "REMOCAP_WEBHOOK_ALLOW names",
    )


def _complaint(url: str, allowed: Allowed) -> str | None:
    if len(url) > MAX_URL or not url.isascii() or not url.isprintable() or set(url) & set(" \\"):
        return f"longer than {MAX_URL} characters, or with some that no URL has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        return str(error)
    if parts.scheme not in {"https", "http"} or not host:
        return "not a URL of https"
    if parts.username is not None or parts.password is not None or parts.fragment:
        return "user name, password and fragment have no place in it"
    address = _address_of(host)
    is_allowed = allowed.has_name(host) or (address is not None and allowed.has(address))
    if parts.scheme == "http" and not is_allowed:
        return "http is not encrypted"
    if address is not None and not is_allowed and not is_public(address):
        return f"{host} is not a public address"
    return None


def _address_of(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


async def vetted_addresses(host: str, port: int, allowed: Allowed) -> list[str]:
    """Resolve a name, once, and return its addresses, all of which may be reached.

    Raises:
        ForbiddenError: `webhook_forbidden`: one of them may not.
        OSError: The name has no address.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    for text in addresses:
        if not allowed.has_name(host):
            _check(text, host, allowed)
    return addresses


def _check(text: str, host: str, allowed: Allowed) -> None:
    address = ip_address(text.partition("%")[0])
    if allowed.has(address) or is_public(address):
        return
    raise ForbiddenError(
        "webhook_forbidden",
        f"{host[:100]} is at an address that is not public; expected a public one, or one that "
        "REMOCAP_WEBHOOK_ALLOW names",
    )


class VettedBackend(AsyncNetworkBackend):
    """Connects to addresses that may be reached; whoever asks for a name gets no other.

    TLS is spoken with the name of the URL all the same, so certificates are checked as ever.

    Args:
        allowed: Beside public addresses.
    """

    def __init__(self, allowed: Allowed) -> None:
        self._allowed = allowed
        self._inner = AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first of a host's addresses that answers.

        Raises:
            ForbiddenError: `webhook_forbidden`.
            httpcore2.ConnectError, httpcore2.ConnectTimeout: None of them does.
        """
        try:
            addresses = await vetted_addresses(host, port, self._allowed)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        failure: Exception = httpcore2.ConnectError("no address")
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002  as the base has it
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> AsyncNetworkStream:
        """Refuse: no webhook goes to a socket of this machine."""
        raise httpcore2.ConnectError(path)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._inner.sleep(seconds)
