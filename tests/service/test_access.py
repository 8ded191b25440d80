"""Who may see and do what, over real HTTP: keys, tenants, browsers' sessions, links."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from model.errors import UsageError
from service.admission import Gate
from service.broker import Broker
from service.client import Client
from service.jobs import Caller
from service.keys import KeyRing
from service.settings import Settings
from service.store import Store
from tests.service.web import Api, Hand, serving

FORM = {"files": {"video": b"video"}}


@pytest.fixture(autouse=True)
def _no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every request see what was just made or revoked; test_keys.py tests the delay."""
    monkeypatch.setattr("service.keys.FRESH_S", 0)


@pytest.fixture
def closed(settings: Settings, store: Store, broker: Broker) -> Iterator[Api]:
    """A server that asks for keys."""
    with serving(settings.model_copy(update={"auth": "keys"}), store, broker) as api:
        yield api


def key_of(store: Store, tenant: str = "lab") -> dict[str, str]:
    """Headers with a new key."""
    return {"Authorization": f"Bearer {KeyRing(store).add(tenant)[0]}"}


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, str(answer.json()["code"])


def same_origin(api: Api) -> dict[str, str]:
    return {"Origin": api.url}


@contextmanager
def logged_in(api: Api, store: Store) -> Iterator[httpx2.Client]:
    """A browser that has shown a key."""
    key = KeyRing(store).add("lab")[0]
    with httpx2.Client(base_url=api.url) as browser:
        assert browser.post("/v1/session", json={"key": key}, headers=same_origin(api)).is_success
        yield browser


# Keys.


def test_every_route_of_the_interface_asks_for_a_key(closed: Api) -> None:
    paths = closed.http.get("/v1/openapi.json").json()["paths"]
    asked = [(m, p) for p, methods in paths.items() for m in methods if p.startswith("/v1")]

    answers = [
        closed.http.request(method, re.sub(r"\{\w+\}", "0" * 32, path))
        for method, path in asked
        if path != "/v1/session"
    ]

    assert len(answers) >= 8
    assert {refused(answer) for answer in answers} == {(401, "key_missing")}
    assert all("Bearer" in answer.headers["www-authenticate"] for answer in answers)


@pytest.mark.parametrize("shown", ["Bearer rmc_x", "Basic YTpi", "Bearer", "rmc_" + "0" * 56])
def test_what_is_no_key_opens_nothing(closed: Api, shown: str) -> None:
    answer = closed.http.get("/v1/jobs", headers={"Authorization": shown})

    assert refused(answer) == (401, "key_invalid")


def test_nothing_of_a_refused_upload_is_left(closed: Api, store: Store) -> None:
    assert closed.post().status_code == 401
    assert store.job_ids() == []


def test_the_first_key_closes_a_running_service(
    settings: Settings, store: Store, broker: Broker
) -> None:
    with serving(settings, store, broker) as api:
        before = api.http.get("/v1/jobs")
        headers = key_of(store)
        after, with_key = api.http.get("/v1/jobs"), api.http.get("/v1/jobs", headers=headers)

    assert (before.status_code, after.status_code, with_key.status_code) == (200, 401, 200)


def test_keys_survive_an_emptied_redis(closed: Api, store: Store, broker: Broker) -> None:
    headers = key_of(store)
    broker.redis.flushall()

    assert closed.http.get("/v1/jobs", headers=headers).status_code == 200


def test_a_revoked_key_opens_nothing(closed: Api, store: Store) -> None:
    text, key = KeyRing(store).add("lab")
    headers = {"Authorization": f"Bearer {text}"}
    assert closed.http.get("/v1/jobs", headers=headers).status_code == 200

    KeyRing(store).revoke(key.id)

    assert refused(closed.http.get("/v1/jobs", headers=headers)) == (401, "key_invalid")


def test_our_client_shows_its_key(closed: Api, store: Store, tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"video")

    with Client(closed.url, KeyRing(store).add("lab")[0]) as client:
        job_id = client.submit(tmp_path / "clip.mp4")

    assert closed.front.jobs.status(job_id, Caller(tenant="lab")).state == "queued"


def test_our_client_without_a_key_is_told_how_to_show_one(closed: Api) -> None:
    with Client(closed.url) as client, pytest.raises(UsageError, match="Authorization: Bearer"):
        client.models()


# Tenants.


def test_another_tenants_job_is_not_there(closed: Api, store: Store) -> None:
    mine, yours = key_of(store, "mine"), key_of(store, "yours")
    job_id = closed.http.post("/v1/reconstruct", headers=mine, **FORM).json()["id"]
    url = f"/v1/jobs/{job_id}"
    asked = [("GET", url), ("DELETE", url), ("GET", f"{url}/result"), ("GET", f"{url}/events")]

    answers = [
        closed.http.request(m, u, headers=yours) for m, u in [*asked, ("POST", f"{url}/share")]
    ]

    assert {refused(answer) for answer in answers} == {(404, "unknown_job")}
    assert closed.http.get("/v1/jobs", headers=yours).json()["jobs"] == []
    assert closed.http.get(url, headers=mine).json()["state"] == "queued"


def test_another_tenants_job_looks_like_one_that_never_was(closed: Api, store: Store) -> None:
    job_id = closed.http.post("/v1/reconstruct", headers=key_of(store, "mine"), **FORM).json()["id"]
    yours = key_of(store, "yours")

    theirs = closed.http.get(f"/v1/jobs/{job_id}", headers=yours).json()
    nobodys = closed.http.get(f"/v1/jobs/{'0' * 32}", headers=yours).json()

    assert theirs["detail"].replace(job_id, "") == nobodys["detail"].replace("0" * 32, "")


def test_two_keys_of_a_tenant_see_the_same_jobs(closed: Api, store: Store) -> None:
    job_id = closed.http.post("/v1/reconstruct", headers=key_of(store), **FORM).json()["id"]

    assert closed.http.get(f"/v1/jobs/{job_id}", headers=key_of(store)).status_code == 200


def test_a_key_may_have_a_limit_of_its_own(closed: Api, store: Store) -> None:
    small = {"Authorization": f"Bearer {KeyRing(store).add('small', max_gpu_s=1e-6)[0]}"}
    statuses = [
        closed.http.post("/v1/reconstruct", headers=headers, **FORM).status_code
        for headers in (small, small, key_of(store, "large"))
    ]

    assert statuses == [202, 429, 202]


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
