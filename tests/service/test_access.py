"""Who may see and do what, over real HTTP: keys and tenants."""

import re
from pathlib import Path

import pytest

from model.errors import UsageError
from service.broker import Broker
from service.client import Client
from service.jobs import Caller
from service.keys import KeyRing
from service.settings import Settings
from service.store import Store
from tests.service.visitors import FORM, key_of, refused
from tests.service.web import Api, serving

pytestmark = pytest.mark.usefixtures("no_delay")


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
