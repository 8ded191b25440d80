"""Preview and thumbnail over HTTP: made once, sent whole or by ranges, never of another type."""

import pytest
from fastapi import HTTPException

from service.broker import Broker
from service.store import Store, export_path
from service.streams_media import Span, asked_span
from tests.service.web import Api, Hand

VIDEO = bytes(range(256)) * 2000  # in place of an mp4, longer than a piece
TAG = '"tag"'


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-", (0, 1000)),
        ("bytes=10-19", (10, 20)),
        ("bytes=990-2000", (990, 1000)),
        ("bytes=-5", (995, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=0-1,5-6", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("lines=1-2", None),
        ("", None),
    ],
)
def test_which_bytes_are_asked_for(asked: str, span: tuple[int, int] | None) -> None:
    found = asked_span({"range": asked}, TAG, 1000)

    assert found == (None if span is None else Span(*span))


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=5000-6000", "bytes=-0"])
def test_bytes_that_are_not_there(asked: str) -> None:
    with pytest.raises(HTTPException) as caught:
        asked_span({"range": asked}, TAG, 1000)

    assert caught.value.status_code == 416


def test_a_range_of_another_file_is_passed_over() -> None:
    assert asked_span({"range": "bytes=1-2", "if-range": '"old"'}, TAG, 1000) is None


@pytest.fixture
def finished(api: Api, hand: Hand) -> str:
    """The id of a job that has succeeded."""
    job_id = str(api.post().json()["id"])
    hand.finish()
    return job_id


@pytest.fixture
def made(api: Api, broker: Broker, store: Store, finished: str) -> str:
    """Where its preview is, once it is made."""
    url = f"/v1/jobs/{finished}/preview.mp4"
    assert api.http.get(url).status_code == 202
    task = broker.claim_task("hand", ["export"], block_ms=5000)
    assert task is not None
    assert task.export is not None
    path = export_path(finished, task.export.export, "mp4")
    store.put(path, VIDEO)
    broker.export_done(task.lease, path, len(VIDEO))
    return url


def test_it_is_202_while_it_is_being_made(api: Api, finished: str) -> None:
    for name in ("preview.mp4", "thumbnail.jpg"):
        answer = api.http.get(f"/v1/jobs/{finished}/{name}")
        assert answer.status_code == 202
        assert "retry-after" in answer.headers


def test_it_is_sent_whole(api: Api, made: str) -> None:
    answer = api.http.get(made)

    assert (answer.status_code, answer.content) == (200, VIDEO)
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["accept-ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"), [("0-", 0, None), ("300000-300009", 300000, 300010)]
)
def test_it_is_sent_by_ranges(api: Api, made: str, asked: str, start: int, end: int | None) -> None:
    answer = api.http.get(made, headers={"Range": f"bytes={asked}"})

    assert (answer.status_code, answer.content) == (206, VIDEO[start:end])
    last = (end or len(VIDEO)) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{last}/{len(VIDEO)}"


def test_a_range_behind_the_end_is_refused(api: Api, made: str) -> None:
    answer = api.http.get(made, headers={"Range": f"bytes={len(VIDEO)}-"})

    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == f"bytes */{len(VIDEO)}"


def test_who_has_it_is_not_sent_it_again(api: Api, made: str) -> None:
    tag = api.http.get(made).headers["etag"]

    answer = api.http.get(made, headers={"If-None-Match": tag})

    assert (answer.status_code, answer.content) == (304, b"")


@pytest.mark.parametrize("name", ["preview.mp4", "thumbnail.jpg"])
def test_of_a_job_that_runs_there_is_none_yet(api: Api, name: str) -> None:
    job_id = api.post().json()["id"]

    answer = api.http.get(f"/v1/jobs/{job_id}/{name}")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")


def test_one_that_cannot_be_made_says_why_however_often_it_is_asked_for(
    api: Api, broker: Broker, finished: str
) -> None:
    url = f"/v1/jobs/{finished}/thumbnail.jpg"
    api.http.get(url)
    task = broker.claim_task("hand", ["export"], block_ms=5000)
    assert task is not None
    broker.fail(task.lease, "undecodable_video", "it cannot be decoded")

    answers = [api.http.get(url) for _ in range(2)]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(422, "undecodable_video")}
