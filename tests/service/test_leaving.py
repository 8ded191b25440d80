"""Clients that are killed, and what becomes of their jobs."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest

from service.broker import Broker
from tests.service.test_waiting import only_job, state, until
from tests.service.web import Api, Hand

CLIENT = """
import sys, urllib.request
headers = {"Content-Type": "video/mp4"} | dict([h.split("=", 1) for h in sys.argv[2:]])
method = "POST" if "reconstruct" in sys.argv[1] else "GET"
data = b"video" if method == "POST" else None
request = urllib.request.Request(sys.argv[1], data, headers, method=method)
with urllib.request.urlopen(request) as answer:
    while answer.read1():
        pass
"""
KEY = "Idempotency-Key=mine"


@contextmanager
def client(url: str, *headers: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that sends a request and reads what comes, killed at the end at the latest."""
    with subprocess.Popen([sys.executable, "-c", CLIENT, url, *headers]) as process:
        try:
            yield process
        finally:
            process.kill()


def watchers(broker: Broker, job_id: str) -> int:
    return broker.unwatch(job_id, "nobody")


def test_the_job_of_a_killed_client_ends(api: Api, broker: Broker) -> None:
    with client(f"{api.url}/v1/reconstruct?wait=60") as process:
        job_id = only_job(broker)
        until(lambda: watchers(broker, job_id) == 1)
        process.kill()

        until(lambda: state(broker, job_id) == ("cancelled", "client_gone"))


def test_with_a_key_it_goes_on_and_is_found_again(api: Api, broker: Broker, hand: Hand) -> None:
    with client(f"{api.url}/v1/reconstruct?wait=60", KEY) as process:
        job_id = only_job(broker)
        until(lambda: watchers(broker, job_id) == 1)
        process.kill()
        until(lambda: watchers(broker, job_id) == 0)
    hand.finish()

    headers = {"Idempotency-Key": "mine", "Content-Type": "video/mp4"}
    again = httpx2.post(f"{api.url}/v1/reconstruct", content=b"video", headers=headers)

    assert again.json()["id"] == job_id
    assert state(broker, job_id)[0] == "succeeded"


@pytest.mark.parametrize("stream", ["events", "frames"])
def test_a_job_that_somebody_follows_goes_on(api: Api, broker: Broker, stream: str) -> None:
    with client(f"{api.url}/v1/reconstruct?wait=60") as process:
        job_id = only_job(broker)
        with client(f"{api.url}/v1/jobs/{job_id}/{stream}"):
            until(lambda: watchers(broker, job_id) == 2)
            process.kill()
            until(lambda: watchers(broker, job_id) == 1)

            assert state(broker, job_id)[0] == "queued"


@pytest.mark.parametrize("stream", ["events", "frames"])
def test_whoever_only_follows_ends_nothing(api: Api, broker: Broker, stream: str) -> None:
    job_id = str(api.post().json()["id"])
    with client(f"{api.url}/v1/jobs/{job_id}/{stream}") as process:
        until(lambda: watchers(broker, job_id) == 1)
        process.kill()

        until(lambda: watchers(broker, job_id) == 0)

    assert state(broker, job_id)[0] == "queued"
