"""Clients of gRPC that leave: over real connections, by processes that are really killed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from service.broker import Broker
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.store import Store, end_path
from tests.service.rpc_calls import requests
from tests.service.test_waiting import only_job, state, until
from tests.service.web import Api

ROOT = Path(__file__).resolve().parents[2]
CLIENT = """
import sys, time, grpc
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from tests.service.rpc_calls import requests
place, key, whole = sys.argv[1:]
def sent():
    yield from requests(b"video")
    while whole == "part":
        time.sleep(1)
call = ReconstructionStub(grpc.insecure_channel(place)).Reconstruct(
    sent(), metadata=(("idempotency-key", key),) if key else ())
print("begun", flush=True)
for answer in call:
    print(answer.accepted.job_id, flush=True)
"""


@contextmanager
def client(api: Api, key: str = "", whole: str = "whole") -> Iterator[subprocess.Popen[str]]:
    """A process that sends a video, or begins to, and reads what comes."""
    command = [sys.executable, "-c", CLIENT, api.rpc, key, whole]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def job_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def is_watched(broker: Broker, job_id: str) -> bool:
    return broker.unwatch(job_id, "nobody") > 0


def test_a_killed_client_cancels(api: Api, broker: Broker, store: Store) -> None:
    with client(api) as process:
        job_id = job_of(process)
        until(lambda: is_whole(store, job_id))

        process.kill()

        until(lambda: state(broker, job_id) == ("cancelled", "client_gone"))


def test_a_killed_client_with_a_key_does_not_cancel(api: Api, broker: Broker) -> None:
    with client(api, "mine") as process:
        job_id = job_of(process)
        until(lambda: is_watched(broker, job_id))

        process.kill()

        until(lambda: not is_watched(broker, job_id))
        assert state(broker, job_id)[0] == "queued"


def test_a_client_killed_while_it_sends_fails_its_job(api: Api, broker: Broker) -> None:
    with client(api, whole="part") as process:
        job_id = job_of(process)

        process.kill()

        until(lambda: state(broker, job_id) == ("failed", "upload_incomplete"))


def test_a_client_with_a_key_killed_while_it_sends_leaves_nothing(
    api: Api, broker: Broker, store: Store
) -> None:
    with client(api, "mine", "part") as process:
        until(lambda: bool(store.job_ids()))

        process.kill()

        until(lambda: not store.job_ids())
        assert broker.list_jobs("public") == []


@pytest.fixture
def stub(api: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(api.rpc) as channel:
        yield ReconstructionStub(channel)


def test_a_cancelled_stream_cancels_its_job(stub: ReconstructionStub, broker: Broker) -> None:
    call = stub.Reconstruct(requests(b"video"))
    job_id = next(call).accepted.job_id

    call.cancel()

    until(lambda: state(broker, job_id)[0] in {"cancelled", "failed"})


def test_a_cancelled_stream_lets_go_where_so_agreed(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    call = stub.Reconstruct(requests(b"video", on_disconnect=pb.ON_DISCONNECT_DETACH))
    job_id = next(call).accepted.job_id
    until(lambda: is_watched(broker, job_id) and is_whole(store, job_id))

    call.cancel()

    until(lambda: not is_watched(broker, job_id))
    assert state(broker, job_id)[0] == "queued"


def test_a_job_that_somebody_watches_goes_on(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    call = stub.Reconstruct(requests(b"video"))
    job_id = only_job(broker)
    until(lambda: is_watched(broker, job_id) and is_whole(store, job_id))
    watch = stub.Watch(pb.WatchRequest(job_id=job_id))
    until(lambda: broker.unwatch(job_id, "nobody") == 2)

    call.cancel()

    until(lambda: broker.unwatch(job_id, "nobody") == 1)
    assert state(broker, job_id)[0] == "queued"
    watch.cancel()
    until(lambda: not is_watched(broker, job_id))
    assert state(broker, job_id)[0] == "queued"


def is_whole(store: Store, job_id: str) -> bool:
    """Whether all of a video is in the store."""
    return store.size(end_path(job_id)) is not None
