"""Browsers' sessions and links to one job, over real HTTP."""

import time

import httpx2
import pytest

from service.admission import Gate
from service.broker import Broker
from service.jobs import Caller
from service.keys import KeyRing
from service.settings import Settings
from service.store import Store
from tests.service.visitors import FORM, key_of, logged_in, refused, same_origin
from tests.service.web import Api, Hand

pytestmark = pytest.mark.usefixtures("no_delay")


# Browsers' sessions.


def test_a_browser_shows_its_key_once(closed: Api, store: Store) -> None:
    with logged_in(closed, store) as browser:
        answer = browser.post("/v1/reconstruct", headers=same_origin(closed), **FORM)
        session = browser.get("/v1/session").json()

    assert answer.status_code == 202
    assert session == {"keys_required": True, "tenant": "lab"}


def test_scripts_and_other_sites_cannot_have_the_cookie(closed: Api, store: Store) -> None:
    key = KeyRing(store).add("lab")[0]
    origin = {"Origin": closed.url.replace("http:", "https:")}  # of a proxy that speaks TLS

    cookie = closed.http.post("/v1/session", json={"key": key}, headers=origin).headers[
        "set-cookie"
    ]

    assert {"HttpOnly", "SameSite=strict", "Secure", "Path=/"} <= set(cookie.split("; "))
    assert key not in cookie


def test_a_session_without_an_origin_changes_nothing(closed: Api, store: Store) -> None:
    with logged_in(closed, store) as browser:
        answers = [
            browser.post("/v1/reconstruct", headers=headers, **FORM)
            for headers in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"})
        ]

    assert {refused(answer) for answer in answers} == {(403, "foreign_origin")}
    assert store.job_ids() == []


def test_logging_out_ends_the_session_itself(closed: Api, store: Store) -> None:
    with logged_in(closed, store) as browser:
        stolen = dict(browser.cookies)
        browser.delete("/v1/session", headers=same_origin(closed))

    assert refused(httpx2.get(f"{closed.url}/v1/jobs", cookies=stolen)) == (401, "session_ended")


def test_a_wrong_key_opens_no_session(closed: Api) -> None:
    answer = closed.http.post("/v1/session", json={"key": "rmc_wrong"})

    assert refused(answer) == (401, "key_invalid")
    assert "set-cookie" not in answer.headers


def test_without_keys_a_page_learns_that_none_is_needed(api: Api) -> None:
    assert api.http.get("/v1/session").json() == {"keys_required": False, "tenant": "public"}


# Links.


def shared(closed: Api, store: Store, hand: Hand) -> tuple[str, str]:
    """A job that is done, and the token of a link to it."""
    headers = key_of(store)
    job_id = closed.http.post("/v1/reconstruct", headers=headers, **FORM).json()["id"]
    hand.finish()
    link = closed.http.post(f"/v1/jobs/{job_id}/share", headers=headers).json()
    assert link["url"].endswith(link["token"])
    return job_id, link["token"]


def test_a_link_shows_its_job(closed: Api, store: Store, hand: Hand) -> None:
    job_id, token = shared(closed, store, hand)

    status = closed.http.get(f"/v1/jobs/{job_id}?share={token}")
    events = closed.http.get(f"/v1/jobs/{job_id}/events?after=0&share={token}")

    assert (status.status_code, status.json()["state"]) == (200, "succeeded")
    assert events.status_code == 200


def test_a_link_shows_nothing_else(closed: Api, store: Store, hand: Hand) -> None:
    job_id, token = shared(closed, store, hand)
    other, _ = shared(closed, store, hand)

    answers = [
        closed.http.request(method, f"{url}?share={token}")
        for method, url in [
            ("GET", f"/v1/jobs/{other}"),
            ("GET", "/v1/jobs"),
            ("DELETE", f"/v1/jobs/{job_id}"),
            ("POST", f"/v1/jobs/{job_id}/share"),
            ("POST", "/v1/reconstruct"),
        ]
    ]

    assert [refused(answer) for answer in answers] == [
        (404, "unknown_job"),
        *[(403, "read_only")] * 4,
    ]


@pytest.mark.parametrize("part", [0, 1, 2, 3], ids=["job", "time", "key", "signature"])
def test_a_link_cannot_be_changed(closed: Api, store: Store, hand: Hand, part: int) -> None:
    job_id, token = shared(closed, store, hand)
    parts = token.split(".")
    parts[part] = parts[part][:-2] + ("0" if parts[part][-2] != "0" else "1") + parts[part][-1]

    answer = closed.http.get(f"/v1/jobs/{job_id}?share={'.'.join(parts)}")

    assert refused(answer) == (401, "link_invalid")


def test_a_link_ends_in_time(closed: Api, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = key_of(store)
    job_id = closed.http.post("/v1/reconstruct", headers=headers, **FORM).json()["id"]
    url = f"/v1/jobs/{job_id}/share?expires_in=60"
    token = closed.http.post(url, headers=headers).json()["token"]
    later_s = time.time() + 61
    monkeypatch.setattr("service.admission.time.time", lambda: later_s)

    answer = closed.http.get(f"/v1/jobs/{job_id}?share={token}")

    assert refused(answer) == (401, "link_invalid")


def test_a_link_ends_with_the_key_that_made_it(closed: Api, store: Store) -> None:
    text, key = KeyRing(store).add("lab")
    headers = {"Authorization": f"Bearer {text}"}
    job_id = closed.http.post("/v1/reconstruct", headers=headers, **FORM).json()["id"]
    token = closed.http.post(f"/v1/jobs/{job_id}/share", headers=headers).json()["token"]

    KeyRing(store).revoke(key.id)

    assert refused(closed.http.get(f"/v1/jobs/{job_id}?share={token}")) == (401, "link_invalid")


def test_links_hold_at_every_api_process(settings: Settings, store: Store, broker: Broker) -> None:
    one, other = (Gate(settings, store, broker) for _ in range(2))

    token, expires_s = one.share("0" * 32, Caller(), 60)

    assert other.links.read(token) == ("0" * 32, expires_s, "-")
