"""Server-sent events of a job: all of them, in order, and none twice where a client comes back."""

import threading
from collections.abc import Iterator

import httpx2

from service.broker import Broker
from tests.service.web import Api, Hand


def listen(api: Api, job_id: str, after: int = 0) -> Iterator[tuple[int, str]]:
    """Numbers and kinds of the events, as they come."""
    headers = {"Last-Event-ID": str(after)}
    with api.http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as answer:
        for event in httpx2.EventSource(answer):
            yield int(event.id), event.event


def test_events_come_as_they_happen_until_the_job_is_over(api: Api, hand: Hand) -> None:
    job_id = api.post().json()["id"]
    events = listen(api, job_id)
    first = next(events)
    threading.Thread(target=hand.finish).start()

    rest = list(events)

    assert first == (1, "accepted")
    assert [kind for _, kind in rest if kind in {"clip_committed", "finished"}] == [
        "clip_committed",
        "finished",
    ]
    assert [seq for seq, _ in rest] == sorted({seq for seq, _ in rest})


def test_who_comes_back_misses_nothing_and_gets_nothing_twice(api: Api, hand: Hand) -> None:
    job_id = api.post().json()["id"]
    hand.finish()
    whole = list(listen(api, job_id))

    for seq, _ in whole[:-1]:
        assert list(listen(api, job_id, after=seq)) == [e for e in whole if e[0] > seq]


def test_who_has_all_of_a_finished_job_need_not_come_again(api: Api, hand: Hand) -> None:
    job_id = api.post().json()["id"]
    hand.finish()
    last = list(listen(api, job_id))[-1][0]

    answer = api.http.get(f"/v1/jobs/{job_id}/events?after={last}")

    assert answer.status_code == 204


def test_events_end_where_the_job_is_deleted(api: Api, broker: Broker) -> None:
    job_id = api.post().json()["id"]
    events = listen(api, job_id)
    next(events)

    assert broker.erase(job_id)

    assert all(kind == "finished" for _, kind in events)
