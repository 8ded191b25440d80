"""Clients that wait, and clients that leave: over real connections that really close."""

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import httpx2
import pytest
from anyio import to_thread

from service.broker import Broker
from service.jobs import PUBLIC
from service.store import Store
from service.watch import Watch
from tests.service.cases import new_job
from tests.service.web import Api, Hand

PATIENCE_S = 20.0


def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true."""
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.01)


def open_post(
    api: Api, query: str, length: int, body: bytes, kind: str = "video/mp4"
) -> socket.socket:
    """Send a POST, or the beginning of one."""
    place = urlsplit(api.url)
    connection = socket.create_connection((place.hostname, place.port), timeout=PATIENCE_S)
    head = f"POST /v1/reconstruct{query} HTTP/1.1\r\nHost: {place.netloc}\r\n"
    head += f"Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def only_job(broker: Broker) -> str:
    """The id of the one job there is, once it is there."""
    until(lambda: len(broker.list_jobs(PUBLIC)) == 1)
    return broker.list_jobs(PUBLIC)[0].job.id


def state(broker: Broker, job_id: str) -> tuple[str, str | None]:
    status = broker.status(job_id)
    assert status is not None
    return status.state, status.code


def test_a_wait_ends_with_a_202_when_its_time_is_up(api: Api) -> None:
    answer = api.post(wait="0.05")

    assert answer.status_code == 202
    assert answer.json()["state"] == "queued"


def test_prefer_asks_to_wait_as_well(api: Api, hand: Hand, broker: Broker) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(
            api.http.post,
            "/v1/reconstruct",
            content=b"video",
            headers={"Content-Type": "video/mp4", "Prefer": "wait=20"},
        )
        broker.fail(hand.claim().lease, "not_a_video", "it is no video; send one")

        answer = waiting.result(PATIENCE_S)

    assert (answer.status_code, answer.json()["code"]) == (422, "not_a_video")


def test_who_waits_for_the_end_is_not_woken_before(broker: Broker) -> None:
    job = new_job()

    async def wait() -> bool:
        watch = Watch(broker)
        async with watch.running():
            with watch.on(job.id) as changed, watch.on(job.id, end_only=True) as ended:
                await asyncio.sleep(0.3)  # until it listens
                await to_thread.run_sync(broker.submit, job)
                await asyncio.wait_for(changed.wait(), PATIENCE_S)
                early = ended.is_set()
                await to_thread.run_sync(broker.cancel, job.id)
                await asyncio.wait_for(ended.wait(), PATIENCE_S)
                return early

    assert not asyncio.run(wait())


def test_waiting_for_a_job_that_is_deleted_ends(api: Api, broker: Broker) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(api.post, wait="20")
        api.http.delete(f"/v1/jobs/{only_job(broker)}")

        answer = waiting.result(PATIENCE_S)

    assert answer.status_code in {409, 410}


def test_a_server_that_drains_lets_waiting_clients_go(api: Api, broker: Broker) -> None:
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(api.post, wait="20")
        only_job(broker)
        api.front.jobs.draining = True

        answer = waiting.result(PATIENCE_S)

    assert answer.status_code == 202


def test_closing_the_connection_cancels(api: Api, broker: Broker) -> None:
    connection = open_post(api, "?wait=20", 5, b"video")
    job_id = only_job(broker)

    connection.close()

    until(lambda: state(broker, job_id) == ("cancelled", "client_gone"))


def test_closing_the_connection_does_not_cancel_where_so_agreed(api: Api, broker: Broker) -> None:
    connection = open_post(api, "?wait=20&on_disconnect=detach", 5, b"video")
    job_id = only_job(broker)
    until(lambda: broker.unwatch(job_id, "nobody") == 1)

    connection.close()

    until(lambda: broker.unwatch(job_id, "nobody") == 0)
    assert state(broker, job_id)[0] == "queued"


def test_a_job_that_somebody_else_waits_for_goes_on(api: Api, broker: Broker) -> None:
    connection = open_post(api, "?wait=20", 5, b"video")
    job_id = only_job(broker)
    broker.watch(job_id, "somebody else")
    until(lambda: broker.unwatch(job_id, "nobody") == 2)

    connection.close()

    until(lambda: broker.unwatch(job_id, "nobody") == 1)
    assert state(broker, job_id)[0] == "queued"


def test_a_video_is_worked_on_while_it_arrives(api: Api, hand: Hand) -> None:
    connection = open_post(api, "", 10, b"video")

    task = hand.claim()

    assert task.kind == "decode"
    connection.close()


def test_a_video_that_breaks_off_fails_its_job(api: Api, broker: Broker, store: Store) -> None:
    connection = open_post(api, "", 10, b"video")
    job_id = only_job(broker)

    connection.close()

    until(lambda: state(broker, job_id) == ("failed", "upload_incomplete"))
    until(lambda: not any("part" in entry.path for entry in store.entries(f"jobs/{job_id}/")))


def test_a_form_that_breaks_off_leaves_nothing(api: Api, broker: Broker, store: Store) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="video"\r\n\r\n'
    connection = open_post(
        api, "", 10**7, head + b"x" * 2_000_000, "multipart/form-data; boundary=b"
    )
    until(lambda: bool(store.job_ids()))

    connection.close()

    until(lambda: not store.job_ids())
    assert broker.list_jobs(PUBLIC) == []


def test_a_video_over_the_limit_is_refused_unread(api: Api) -> None:
    with open_post(api, "", 3 * 10**9, b"") as connection:
        answer = b""
        while b"upload_too_large" not in answer and (more := connection.recv(10_000)):
            answer += more

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"upload_too_large" in answer


@pytest.mark.parametrize("repeats", [2, 50])
def test_one_key_makes_one_job(api: Api, broker: Broker, repeats: int) -> None:
    def post() -> str:
        url, headers = f"{api.url}/v1/reconstruct", {"Idempotency-Key": "mine"}
        answer = httpx2.post(url, files={"video": b"video"}, headers=headers, timeout=PATIENCE_S)
        assert answer.status_code == 202
        return str(answer.json()["id"])

    with ThreadPoolExecutor(repeats) as pool:
        ids = set(pool.map(lambda _: post(), range(repeats)))

    assert ids == {only_job(broker)}


def test_one_key_for_two_videos_is_a_conflict(api: Api, store: Store) -> None:
    headers = {"Idempotency-Key": "mine"}
    first = api.http.post("/v1/reconstruct", files={"video": b"one"}, headers=headers)

    second = api.http.post("/v1/reconstruct", files={"video": b"two"}, headers=headers)

    assert (second.status_code, second.json()["code"]) == (409, "idempotency_conflict")
    assert store.job_ids() == [first.json()["id"]]
