"""Webhooks reach nothing that the Internet could not: each attack here fails at one defence.

Addresses 127.0.0.0/8 are all this machine's; one is allowed in these tests and plays the receiver
outside, another plays a service that only this machine reaches.
"""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest

from model.errors import UsageError
from service.webhooks import Notice
from service.webhooks_address import Allowed, VettedBackend, check_url, is_public
from service.webhooks_courier import Reply, deliver
from tests.service.receiver import Receiver, receiving

OUTSIDE, INSIDE = "127.0.0.5", "127.0.0.6"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def outside() -> Iterator[Receiver]:
    with receiving(OUTSIDE) as receiver:
        yield receiver


@pytest.fixture
def inside(outside: Receiver) -> Iterator[Receiver]:
    with receiving(INSIDE, outside.port) as receiver:
        yield receiver


def post(url: str, allowed: str = OUTSIDE) -> Reply:
    backend = VettedBackend(Allowed.read(allowed))
    return asyncio.run(deliver(url, Notice("msg_1", b"{}"), SECRET, backend))


class Names:
    """A resolver that says something else every time, as an attacker's may."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._resolve)

    def _resolve(self, host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
        if host not in {"attacker.example", b"attacker.example"}:
            return self._real(host, port, *rest, **more)
        addresses = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [place for one in addresses for place in self._real(one, port, *rest, **more)]


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"],
)
def test_public_addresses(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # clouds hand out credentials there
        "100.64.0.1",
        "192.0.0.192",
        "192.88.99.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "http://hooks.example/",  # not encrypted
        "https://user:password@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:99999/",
        "https://hooks.example/a b",
        "https://hooks.example\\@127.0.0.1/",
        "https:///path",
        "file:///etc/passwd",
        "gopher://hooks.example/",
        "hooks.example",
        "https://" + "a" * 3000,
    ],
)
def test_urls_that_are_refused_at_once(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_url(url, Allowed())

    assert caught.value.code == "bad_webhook"


def test_what_the_operator_allows_may_be_called() -> None:
    allowed = Allowed.read("10.0.0.0/8, hooks.internal")

    for url in ("https://10.1.2.3/", "http://10.1.2.3:9000/a", "http://hooks.internal/b"):
        assert check_url(url, allowed) == url


@pytest.mark.parametrize("word", ["10.0.0.0/99", "10.0.0.256", "hooks.internal:80", "a/b", "*.x"])
def test_what_the_operator_mistypes_is_named(word: str) -> None:
    with pytest.raises(UsageError, match="REMOCAP_WEBHOOK_ALLOW"):
        Allowed.read(f"localhost, {word}")


def test_an_allowed_address_is_reached(outside: Receiver) -> None:
    assert post(f"http://{OUTSIDE}:{outside.port}/hook") == Reply("delivered", "204")


@pytest.mark.parametrize(
    "host",
    [
        INSIDE,
        "127.6",  # short forms, which resolvers fill up
        "2130706438",
        "0x7f000006",
        "0177.0.0.6",
        "[::ffff:127.0.0.6]",
        "[::ffff:7f00:6]",
    ],
)
def test_no_way_to_write_a_private_address_reaches_it(inside: Receiver, host: str) -> None:
    reply = post(f"http://{host}:{inside.port}/")

    assert reply.outcome == "failed"
    assert inside.calls.empty()


def test_a_name_of_a_private_address_does_not_reach_it(
    monkeypatch: pytest.MonkeyPatch, inside: Receiver
) -> None:
    Names(monkeypatch, [INSIDE])

    reply = post(f"http://attacker.example:{inside.port}/")

    assert reply == Reply("failed", "webhook_forbidden")
    assert inside.calls.empty()


def test_a_name_of_a_public_and_a_private_address_reaches_neither(
    monkeypatch: pytest.MonkeyPatch, outside: Receiver, inside: Receiver
) -> None:
    Names(monkeypatch, [OUTSIDE, INSIDE])

    reply = post(f"http://attacker.example:{inside.port}/")

    assert reply == Reply("failed", "webhook_forbidden")
    assert outside.calls.empty()
    assert inside.calls.empty()


def test_a_name_that_means_another_address_the_second_time_gains_nothing(
    monkeypatch: pytest.MonkeyPatch, outside: Receiver, inside: Receiver
) -> None:
    names = Names(monkeypatch, [OUTSIDE], [INSIDE])

    reply = post(f"http://attacker.example:{outside.port}/")

    assert reply.outcome == "delivered"
    assert outside.next().headers["host"] == f"attacker.example:{outside.port}"
    assert inside.calls.empty()
    assert names.asked == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(outside: Receiver, inside: Receiver, status: int) -> None:
    outside.answers, outside.location = [status], f"http://{OUTSIDE}:{inside.port}/other"

    reply = post(f"http://{OUTSIDE}:{outside.port}/first")

    assert reply == Reply("failed", str(status))
    assert outside.next().path == "/first"
    assert outside.calls.empty()
    assert inside.calls.empty()


def test_a_proxy_of_the_environment_is_not_used(
    monkeypatch: pytest.MonkeyPatch, outside: Receiver, inside: Receiver
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{INSIDE}:{inside.port}")

    assert post(f"http://{OUTSIDE}:{outside.port}/").outcome == "delivered"
    assert inside.calls.empty()


def test_who_answers_forever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.webhooks_courier.ATTEMPT_S", 0.2)
    with socket.create_server((OUTSIDE, 0)) as silent:
        reply = post(f"http://{OUTSIDE}:{silent.getsockname()[1]}/")

    assert reply.outcome == "failed"
