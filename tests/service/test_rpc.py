"""The gRPC interface by its proto alone: what is accepted, refused, shown and ended."""

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from service.broker import Broker
from service.jobs import PUBLIC
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.settings import Settings
from service.store import Store
from service.upload_parts import read_parts
from tests.service.rpc_calls import code_of, refused, requests, retry_s_of
from tests.service.test_waiting import until
from tests.service.web import Api, Hand, free_settings, serving

UNKNOWN = "0" * 32
SERVICE = "remocap.v1.Reconstruction"


@pytest.fixture
def stub(api: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(api.rpc) as channel:
        yield ReconstructionStub(channel)


def start(stub: ReconstructionStub, **options: object) -> str:
    """Have a whole video taken on, and its job go on alone."""
    call = stub.Reconstruct(
        requests(b"video", on_disconnect=pb.ON_DISCONNECT_DETACH, **options),
        metadata=(("idempotency-key", f"{id(options)}"),),
    )
    job_id = next(call).accepted.job_id
    call.cancel()
    return job_id


def failed(call: object, *arguments: object) -> tuple[StatusCode, str]:
    """Status and code of a call that is answered once."""
    with pytest.raises(grpc.RpcError) as raised:
        call(*arguments)  # type: ignore[operator]
    return raised.value.code(), code_of(raised.value)


def test_a_video_is_taken_on(stub: ReconstructionStub, store: Store, broker: Broker) -> None:
    call = stub.Reconstruct(requests(b"vid", b"eo", max_people=2, start_s=1.5))

    accepted = next(call).accepted

    status = broker.status(accepted.job_id)
    assert status is not None
    assert b"".join(read_parts(store, accepted.job_id)) == b"video"
    assert (status.job.options.max_people, status.job.options.start_s) == (2, 1.5)
    assert accepted.topology == status.job.model_key
    call.cancel()


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"max_people": 0}, "bad_option"),
        ({"start_s": float("nan")}, "bad_option"),
        ({"start_s": 2, "end_s": 1}, "bad_time_range"),
        ({"model": "nobody"}, "unknown_model"),
        ({"model": "../x"}, "bad_option"),
        ({"smoothing": 9}, "bad_option"),
        ({"on_disconnect": 9}, "bad_option"),
        ({"meshes": pb.MeshOptions(level=9)}, "bad_option"),
        ({"meshes": pb.MeshOptions(encoding=-1)}, "bad_option"),
        ({"size_bytes": 2**63}, "upload_too_large"),
        ({"size_bytes": 4}, "upload_incomplete"),
    ],
)
def test_what_is_wrong_with_options_is_named(
    stub: ReconstructionStub, options: dict[str, object], code: str
) -> None:
    call = stub.Reconstruct(requests(b"video", **options))

    assert refused(call) == (StatusCode.INVALID_ARGUMENT, code)


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([], "no_options"),
        ([pb.ReconstructRequest()], "no_options"),
        ([pb.ReconstructRequest(data=b"video")], "no_options"),
        ([pb.ReconstructRequest(options=pb.ReconstructOptions())] * 2, "options_repeated"),
    ],
)
def test_options_come_first_and_once(
    stub: ReconstructionStub, messages: list[pb.ReconstructRequest], code: str
) -> None:
    assert refused(stub.Reconstruct(iter(messages))) == (StatusCode.INVALID_ARGUMENT, code)


def test_a_key_that_is_none_is_refused(stub: ReconstructionStub) -> None:
    call = stub.Reconstruct(requests(b"video"), metadata=(("idempotency-key", "a b"),))

    assert refused(call) == (StatusCode.INVALID_ARGUMENT, "bad_option")


def test_an_unknown_job_is_not_found(stub: ReconstructionStub) -> None:
    expected = (StatusCode.NOT_FOUND, "unknown_job")

    assert refused(stub.Watch(pb.WatchRequest(job_id=UNKNOWN))) == expected
    assert failed(stub.GetJob, pb.GetJobRequest(job_id="../x")) == expected
    assert failed(stub.CancelJob, pb.CancelJobRequest(job_id=UNKNOWN)) == expected


def test_jobs_are_listed_page_by_page(stub: ReconstructionStub, api: Api) -> None:
    ids = [api.post().json()["id"] for _ in range(3)]

    first = stub.ListJobs(pb.ListJobsRequest(page_size=2))
    second = stub.ListJobs(pb.ListJobsRequest(page_size=2, page_token=first.next_page_token))

    assert [job.id for job in (*first.jobs, *second.jobs)] == ids[::-1]
    assert second.next_page_token == ""


@pytest.mark.parametrize("wrong", [{"page_size": 201}, {"page_token": "x"}])
def test_a_page_that_is_none_is_refused(stub: ReconstructionStub, wrong: dict[str, object]) -> None:
    asked = pb.ListJobsRequest(**wrong)  # type: ignore[arg-type]

    assert failed(stub.ListJobs, asked) == (StatusCode.INVALID_ARGUMENT, "bad_option")


def test_a_job_is_cancelled(stub: ReconstructionStub) -> None:
    job_id = start(stub)

    job = stub.CancelJob(pb.CancelJobRequest(job_id=job_id))

    assert job.state == pb.Job.STATE_CANCELLED
    assert stub.GetJob(pb.GetJobRequest(job_id=job_id)) == job
    watch = stub.Watch(pb.WatchRequest(job_id=job_id))
    assert refused(watch) == (StatusCode.FAILED_PRECONDITION, "cancelled")


def test_an_erased_job_is_gone_with_all_it_had(stub: ReconstructionStub, store: Store) -> None:
    job_id = start(stub)

    stub.CancelJob(pb.CancelJobRequest(job_id=job_id, erase=True))

    assert failed(stub.GetJob, pb.GetJobRequest(job_id=job_id)) == (
        StatusCode.NOT_FOUND,
        "job_deleted",
    )
    assert not any("upload" in entry.path for entry in store.entries(f"jobs/{job_id}/"))


def test_a_job_that_fails_ends_its_streams_with_why(
    stub: ReconstructionStub, hand: Hand, broker: Broker
) -> None:
    call = stub.Reconstruct(requests(b"video"))
    broker.fail(hand.claim().lease, "not_a_video", "it is no video; send one")

    assert refused(call) == (StatusCode.INVALID_ARGUMENT, "not_a_video")


def test_more_than_may_wait_is_refused_with_a_time_to_retry(
    tmp_path: Path, redis_address: str, store: Store, broker: Broker
) -> None:
    full = free_settings(tmp_path, redis_address, max_queued_gpu_s=1e-6)
    with serving(full, store, broker) as api, grpc.insecure_channel(api.rpc) as channel:
        start(stub := ReconstructionStub(channel))
        call = stub.Reconstruct(requests(b"video"))

        with pytest.raises(grpc.RpcError) as raised:
            next(call)

    assert raised.value.code() == StatusCode.RESOURCE_EXHAUSTED
    assert retry_s_of(raised.value) > 0


def test_a_server_that_drains_keeps_jobs_whose_streams_it_ends(
    stub: ReconstructionStub, api: Api, broker: Broker
) -> None:
    call = stub.Reconstruct(requests(b"video"))
    job_id = next(call).accepted.job_id

    api.front.jobs.draining = True

    assert refused(call) == (StatusCode.UNAVAILABLE, "draining")
    status = broker.status(job_id)
    assert status is not None
    assert status.state == "queued"


@pytest.mark.parametrize("key", [None, "mine"])
def test_one_key_makes_one_job(stub: ReconstructionStub, broker: Broker, key: str | None) -> None:
    metadata = (("idempotency-key", key),) if key else ()
    calls = [stub.Reconstruct(requests(b"video"), metadata=metadata) for _ in range(5)]

    ids = {next(call).accepted.job_id for call in calls}

    assert len(ids) == len(broker.list_jobs(PUBLIC)) == (1 if key else 5)
    for call in calls:
        call.cancel()


def test_health_tells_of_the_process_and_of_each_model(api: Api, broker: Broker) -> None:
    with grpc.insecure_channel(api.rpc) as channel:
        check = health_pb2_grpc.HealthStub(channel).Check

        def is_serving(name: str) -> bool:
            status = check(health_pb2.HealthCheckRequest(service=name)).status
            return bool(status == health_pb2.HealthCheckResponse.SERVING)

        model = f"{SERVICE}/{Settings().model}"
        assert (is_serving(""), is_serving(SERVICE), is_serving(model)) == (True, True, False)
        job = api.post().json()["id"]
        broker.announce("worker", broker.status(job).job.model_key, 8)  # type: ignore[union-attr]
        until(lambda: is_serving(model))


def test_the_interface_describes_itself(api: Api) -> None:
    with grpc.insecure_channel(api.rpc) as channel:
        described = ProtoReflectionDescriptorDatabase(channel)

        assert SERVICE in described.get_services()
        assert described.FindFileContainingSymbol(SERVICE).name == (
            "remocap/v1/reconstruction.proto"
        )


def test_a_topology_is_that_of_rest(stub: ReconstructionStub, api: Api) -> None:
    chunks = list(stub.GetTopology(pb.GetTopologyRequest(topology=Settings().model)))

    same = api.http.get(f"/v1/models/{Settings().model}/topology").content
    assert b"".join(chunk.data for chunk in chunks) == same
    assert {chunk.size_bytes for chunk in chunks} == {len(same)}
    unknown = stub.GetTopology(pb.GetTopologyRequest(topology="nobody@0"))
    assert refused(unknown) == (StatusCode.NOT_FOUND, "unknown_model")
