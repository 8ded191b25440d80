"""The REST interface: what is accepted, refused, shown and ended, over real HTTP."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from service.broker import Broker
from service.settings import Settings
from service.store import Store
from service.upload_parts import read_parts
from tests.load.fleet import wait_for
from tests.service.web import Api, Hand, serving

UNKNOWN = "0" * 32


def stored(store: Store, job_id: str) -> bytes:
    return b"".join(read_parts(store, job_id))


def test_a_form_is_taken_on(api: Api, store: Store, broker: Broker) -> None:
    answer = api.post(b"video" * 1000, max_people="2", start="1.5")

    accepted = answer.json()
    status = broker.status(accepted["id"])
    assert answer.status_code == 202
    assert answer.headers["location"] == accepted["status_url"]
    assert stored(store, accepted["id"]) == b"video" * 1000
    assert status is not None
    assert (status.job.options.max_people, status.job.options.start_s) == (2, 1.5)


def test_a_video_alone_is_taken_on(api: Api, store: Store) -> None:
    accepted = api.post_raw(b"video" * 1000).json()

    assert stored(store, accepted["id"]) == b"video" * 1000
    assert api.job(accepted["id"])["state"] == "queued"


def test_options_may_come_as_fields(api: Api, broker: Broker) -> None:
    form = {"max_people": "3", "smooth": "light"}
    answer = api.http.post("/v1/reconstruct", data=form, files={"video": b"video"})

    status = broker.status(answer.json()["id"])
    assert status is not None
    assert (status.job.options.max_people, status.job.options.smooth) == (3, "light")


@pytest.mark.parametrize(
    ("query", "kind", "body", "status", "code"),
    [
        ("", "text/plain", b"video", 415, "unsupported_media_type"),
        ("", "multipart/form-data; boundary=b", b"--b--\r\n", 400, "no_video"),
        ("", "multipart/form-data; boundary=b", b"video", 400, "bad_form"),
        ("?max_people=0", "video/mp4", b"video", 400, "bad_option"),
        ("?nobody=1", "video/mp4", b"video", 400, "unknown_option"),
        ("?start=2&end=1", "video/mp4", b"video", 400, "bad_time_range"),
        ("?model=nobody", "video/mp4", b"video", 400, "unknown_model"),
    ],
)
def test_what_is_wrong_with_a_request_is_named(
    api: Api, store: Store, query: str, kind: str, body: bytes, status: int, code: str
) -> None:
    answer = api.http.post(f"/v1/reconstruct{query}", content=body, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert store.job_ids() == []


def test_a_form_with_a_wrong_field_leaves_nothing(api: Api, store: Store) -> None:
    answer = api.http.post(
        "/v1/reconstruct", data={"wait": "soon"}, files={"video": b"video" * 1000}
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_option")
    assert store.job_ids() == []


def test_none_of_the_accepted_types_can_be_had(api: Api) -> None:
    accepted = api.post().json()

    answer = api.http.get(accepted["result_url"], headers={"Accept": "text/html"})

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_jobs_are_listed_page_by_page(api: Api) -> None:
    ids = [api.post().json()["id"] for _ in range(5)]

    first = api.http.get("/v1/jobs?limit=3").json()
    second = api.http.get(first["next"]).json()

    assert [job["id"] for job in first["jobs"] + second["jobs"]] == ids[::-1]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["", "/events", "/result"])
@pytest.mark.parametrize("job_id", [UNKNOWN, "nothing", "..%2f..%2fetc", UNKNOWN.upper() + "A"])
def test_an_unknown_job_is_not_found(api: Api, path: str, job_id: str) -> None:
    answer = api.http.get(f"/v1/jobs/{job_id}{path}")

    assert answer.status_code == 404
    assert answer.json()["code"] in {"unknown_job", "unknown_path"}


def test_a_deleted_job_is_gone_with_all_it_had(api: Api, store: Store) -> None:
    job_id = api.post().json()["id"]

    deleted = api.http.delete(f"/v1/jobs/{job_id}")
    later = [api.http.get(f"/v1/jobs/{job_id}{path}") for path in ("", "/result", "/events")]

    assert deleted.status_code == 204
    assert {(answer.status_code, answer.json()["code"]) for answer in later} == {
        (410, "job_deleted")
    }
    assert not any("upload" in entry.path for entry in store.entries(f"jobs/{job_id}/"))
    assert api.http.get("/v1/jobs").json()["jobs"] == []


def test_deleting_twice_is_gone_too(api: Api) -> None:
    job_id = api.post().json()["id"]
    api.http.delete(f"/v1/jobs/{job_id}")

    assert api.http.delete(f"/v1/jobs/{job_id}").status_code == 410


def test_the_result_of_a_running_job_is_not_ready(api: Api) -> None:
    accepted = api.post().json()

    answer = api.http.get(accepted["result_url"])

    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_progress_is_shown(api: Api, hand: Hand, broker: Broker) -> None:
    job_id = api.post().json()["id"]
    task = hand.claim()
    broker.progress(task.lease, "decoding", {"frames": 30, "expected": 90})
    hand.answer(hand.seal(task))

    job = api.job(job_id)

    assert job["state"] == "running"
    assert job["progress"] == {
        "decode": {"done": 30, "expected": 90},
        "network": {"done": 1, "expected": None},
    }


def test_a_failed_job_says_why(api: Api, hand: Hand, broker: Broker) -> None:
    accepted = api.post().json()
    broker.fail(hand.claim().lease, "undecodable_video", "it cannot be decoded; convert it")

    job, result = api.job(accepted["id"]), api.http.get(accepted["result_url"])

    assert job["state"] == "failed"
    assert job["error"] == {
        "code": "undecodable_video",
        "message": "it cannot be decoded; convert it",
    }
    assert (result.status_code, result.json()["code"]) == (422, "undecodable_video")


def test_models_and_who_serves_them(api: Api, broker: Broker) -> None:
    job_id = api.post().json()["id"]
    status = broker.status(job_id)
    assert status is not None
    broker.announce("hand", status.job.model_key, 16)

    models = {model["name"]: model for model in api.http.get("/v1/models").json()["models"]}

    assert models["remocap-anny"]["workers"] == 1
    assert models["remocap-anny"]["default"] is True


def test_a_server_that_drains_takes_nothing_new(api: Api) -> None:
    api.front.jobs.draining = True

    answer, ready = api.post(), api.http.get("/readyz")

    assert (answer.status_code, answer.json()["code"]) == (503, "draining")
    assert "retry-after" in answer.headers
    assert (ready.status_code, ready.json()["reason"]) == (503, "draining")


def test_more_than_may_wait_is_refused_before_it_is_read(
    settings: Settings, store: Store, broker: Broker
) -> None:
    tight = settings.model_copy(update={"max_queued_gpu_s": 1e-6})

    with serving(tight, store, broker) as api:
        taken = api.post()
        answer = api.post()

    assert (answer.status_code, answer.json()["code"]) == (429, "service_over_limit")
    assert int(answer.headers["retry-after"]) > 0
    assert store.job_ids() == [taken.json()["id"]]


def test_without_redis_nothing_is_accepted_or_lost(settings: Settings, store: Store) -> None:
    nowhere = Broker("unix:///nonexistent/redis.sock", patience_s=0.1)

    with serving(settings, store, nowhere) as api:
        answer, ready, alive = api.post(), api.http.get("/readyz"), api.http.get("/healthz")

    assert (answer.status_code, answer.json()["code"]) == (503, "redis_unavailable")
    assert ready.status_code == 503
    assert alive.status_code == 200
    assert store.job_ids() == []


@pytest.mark.parametrize("send", [Api.post, Api.post_raw], ids=["form", "raw"])
def test_a_full_disk_is_told_and_recovered_from(
    settings: Settings, broker: Broker, tiny_disk: Path, send: Callable[..., httpx2.Response]
) -> None:
    store = Store((tiny_disk / "store").as_uri())

    with serving(settings, store, broker) as api:
        answer = send(api, b"x" * 200_000)
        wait_for(lambda: not broker.unarchived(), 20)
        later = send(api, b"x" * 1000)

    assert (answer.status_code, answer.json()["code"]) == (507, "disk_full")
    assert "retry-after" in answer.headers
    assert later.status_code == 202


def test_the_documentation_needs_nobody_else(api: Api) -> None:
    page = api.http.get("/docs").text
    places = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", page)

    assert places
    for place in places:
        assert place.startswith("/"), place
        assert api.http.get(place).status_code == 200, place


def test_what_is_measured_names_routes_not_paths(api: Api) -> None:
    api.http.get(f"/v1/jobs/{UNKNOWN}")

    text = api.http.get("/metrics").text

    assert 'remocap_requests_total{front="rest",route="/v1/jobs/{job_id}",status="404"}' in text
    assert UNKNOWN not in text


def test_no_answer_lets_a_browser_guess_its_type(api: Api) -> None:
    for path in ("/v1/jobs", "/docs", "/nowhere"):
        assert api.http.get(path).headers["x-content-type-options"] == "nosniff"
