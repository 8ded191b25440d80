"""Whose page may call the service, and what a browser may do with its answers."""

import ssl
from pathlib import Path

import httpx2
import pytest
from starlette.datastructures import Headers

from model.errors import UsageError
from service.admission import address_to_listen
from service.broker import Broker
from service.errors import ForbiddenError
from service.keys import KeyRing
from service.security import OPERATIONS, check_host, check_origin, place_of
from service.security_tls import tls_of
from service.settings import Settings
from service.store import Store
from tests.service.web import Api, serving

FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
]


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "127.0.0.1:8000",
        "[::1]:8000",
        "192.168.1.5",
        "gpu-box:1",
        "gpu-box.",
    ],
)
def test_a_name_of_ours_is_answered(host: str) -> None:
    check_host([host], {"gpu-box"})


@pytest.mark.parametrize(
    "hosts",
    [
        ["evil.example"],
        ["localhost.evil.example"],
        ["evil.example:8000"],
        ["127.0.0.1.evil.example"],
        ["localhost@evil.example"],
        ["localhost", "evil.example"],
        ["[::1"],
        [""],
        [],
    ],
)
def test_a_name_that_was_made_to_point_here_is_not(hosts: list[str]) -> None:
    with pytest.raises(ForbiddenError, match="REMOCAP_ALLOWED_HOSTS"):
        check_host(hosts, {"gpu-box"})


def test_rebinding_reads_nothing(api: Api) -> None:
    answer = api.http.get("/v1/jobs", headers={"Host": "evil.example"})

    assert (answer.status_code, answer.json()["code"]) == (403, "unknown_host")


def test_machines_that_watch_may_use_any_name(api: Api) -> None:
    answers = [api.http.get(path, headers={"Host": "api:8000"}) for path in sorted(OPERATIONS)]

    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_with_keys_names_do_not_matter(settings: Settings, store: Store, broker: Broker) -> None:
    key = KeyRing(store).add("lab")[0]
    headers = {"Host": "remocap.example", "Authorization": f"Bearer {key}"}

    with serving(settings, store, broker) as api:
        assert api.http.get("/v1/jobs", headers=headers).status_code == 200


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_starts_nothing(api: Api, store: Store, headers: dict[str, str]) -> None:
    answer = api.http.post("/v1/reconstruct", files={"video": b"video"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert store.job_ids() == []


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_reads_nothing(api: Api, headers: dict[str, str]) -> None:
    assert api.http.get("/v1/jobs", headers=headers).status_code == 403


def test_our_own_page_and_a_link_from_elsewhere_work(api: Api) -> None:
    ours = api.http.post("/v1/reconstruct", files={"video": b"v"}, headers={"Origin": api.url})
    visit = api.http.get(
        "/docs", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    )

    assert (ours.status_code, visit.status_code) == (202, 200)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://remocap.example", "remocap.example"),
        ("https://remocap.example", "remocap.example:443"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://page.example:9", "127.0.0.1:8000"),
    ],
)
def test_an_origin_of_ours_passes(origin: str, host: str) -> None:
    check_origin(Headers({"origin": origin}), host, {"page.example"})


@pytest.mark.parametrize("host", ["x:y", "x:99999", "[", "a b", "//"])
def test_a_host_that_makes_no_sense_is_none_of_ours(host: str) -> None:
    with pytest.raises(ForbiddenError):
        check_host([host], set())
    assert place_of(host).name not in {"localhost", "127.0.0.1"}


def test_answers_run_nothing_in_a_browser(api: Api) -> None:
    for path in ("/v1/jobs", "/v1/jobs/x", "/docs", "/nowhere"):
        headers = api.http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert ("sandbox" in headers.get("content-security-policy", "")) == path.startswith("/v1/")


# Where it listens.


def test_without_keys_it_listens_on_this_machine_alone(settings: Settings, store: Store) -> None:
    assert address_to_listen(settings, store) == "127.0.0.1"


def test_with_keys_it_listens_everywhere(settings: Settings, store: Store) -> None:
    KeyRing(store).add("lab")

    assert address_to_listen(settings, store) == "0.0.0.0"


def test_what_others_reach_without_keys_is_not_begun(settings: Settings, store: Store) -> None:
    reachable = settings.model_copy(update={"host": "0.0.0.0"})

    with pytest.raises(UsageError, match=r"remocap keys add.*REMOCAP_AUTH=none"):
        address_to_listen(reachable, store)


@pytest.mark.parametrize(
    ("auth", "host"), [("none", "0.0.0.0"), ("keys", "10.0.0.1"), ("auto", "::1")]
)
def test_what_was_asked_for_is_done(settings: Settings, store: Store, auth: str, host: str) -> None:
    asked = settings.model_copy(update={"host": host, "auth": auth})

    assert address_to_listen(asked, store) == host


# TLS.


def test_a_client_that_trusts_the_certificate_is_served(
    certified: tuple[Settings, Path], store: Store, broker: Broker
) -> None:
    settings, authority = certified
    context = ssl.create_default_context(cafile=authority)

    with serving(settings, store, broker) as api, httpx2.Client(verify=context) as client:
        answer = client.get(f"{api.url}/v1/jobs")
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"{api.url.replace('https', 'http')}/v1/jobs")

    assert api.url.startswith("https:")
    assert answer.status_code == 200


def test_half_a_certificate_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="REMOCAP_TLS_CERT is set alone"):
        tls_of(settings.model_copy(update={"tls_cert": tmp_path / "x"}))


def test_a_certificate_that_cannot_be_used_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("nothing")

    with pytest.raises(UsageError, match="both as PEM"):
        tls_of(settings.model_copy(update={"tls_cert": tmp_path / "x", "tls_key": tmp_path / "x"}))


def test_in_a_container_it_matters_where_its_host_publishes(
    settings: Settings, store: Store
) -> None:
    in_container = settings.model_copy(update={"host": "0.0.0.0", "publish": "127.0.0.1"})

    assert address_to_listen(in_container, store) == "0.0.0.0"


def test_what_a_containers_host_publishes_to_others_takes_keys(
    settings: Settings, store: Store
) -> None:
    open_to_all = settings.model_copy(update={"host": "0.0.0.0", "publish": "10.1.2.3"})

    with pytest.raises(UsageError, match=r"REMOCAP_PUBLISH is 10\.1\.2\.3"):
        address_to_listen(open_to_all, store)
    KeyRing(store).add("lab")
    assert address_to_listen(open_to_all, store) == "0.0.0.0"
