"""Who may call over gRPC, what they see, and what they are told when too much is waiting."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

from service.broker import Broker
from service.keys import KeyRing
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.settings import Settings
from service.store import Store
from tests.service.cases import new_job
from tests.service.rpc_calls import code_of, refused, requests, retry_s_of
from tests.service.web import Api, serving

Metadata = tuple[tuple[str, str], ...]
UNKNOWN = "0" * 32


pytestmark = pytest.mark.usefixtures("no_delay")


@pytest.fixture
def stub(closed: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(closed.rpc) as channel:
        yield ReconstructionStub(channel)


def key_of(store: Store, tenant: str) -> Metadata:
    return (("authorization", f"Bearer {KeyRing(store).add(tenant)[0]}"),)


def calls_of(stub: ReconstructionStub, job_id: str) -> dict[str, Callable[[Metadata], object]]:
    """Every method, about a job."""
    return {
        "Reconstruct": lambda m: list(stub.Reconstruct(requests(b"video"), metadata=m, timeout=20)),
        "Watch": lambda m: list(stub.Watch(pb.WatchRequest(job_id=job_id), metadata=m, timeout=20)),
        "GetJob": lambda m: stub.GetJob(pb.GetJobRequest(job_id=job_id), metadata=m, timeout=20),
        "ListJobs": lambda m: stub.ListJobs(pb.ListJobsRequest(), metadata=m, timeout=20),
        "CancelJob": lambda m: stub.CancelJob(
            pb.CancelJobRequest(job_id=job_id), metadata=m, timeout=20
        ),
        "GetTopology": lambda m: list(
            stub.GetTopology(pb.GetTopologyRequest(), metadata=m, timeout=20)
        ),
    }


def failed(call: Callable[[Metadata], object], metadata: Metadata) -> tuple[StatusCode, str]:
    with pytest.raises(grpc.RpcError) as raised:
        call(metadata)
    return raised.value.code(), code_of(raised.value)


@pytest.mark.parametrize(
    ("shown", "code"),
    [
        ((), "key_missing"),
        ((("authorization", "Bearer rmc_x"),), "key_invalid"),
        ((("authorization", "Basic YTpi"),), "key_invalid"),
    ],
)
def test_every_method_asks_for_a_key(stub: ReconstructionStub, shown: Metadata, code: str) -> None:
    calls = calls_of(stub, UNKNOWN)

    answers = {name: failed(call, shown) for name, call in calls.items()}

    assert set(calls) == {
        method.name for method in pb.DESCRIPTOR.services_by_name["Reconstruction"].methods
    }
    assert set(answers.values()) == {(StatusCode.UNAUTHENTICATED, code)}


def test_health_asks_for_none(closed: Api) -> None:
    with grpc.insecure_channel(closed.rpc) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_another_tenants_job_is_not_there(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    job = new_job("mine")
    broker.submit(job)
    yours = key_of(store, "yours")

    answers = [
        failed(calls_of(stub, job.id)[name], yours) for name in ("Watch", "GetJob", "CancelJob")
    ]

    assert set(answers) == {(StatusCode.NOT_FOUND, "unknown_job")}
    assert list(stub.ListJobs(pb.ListJobsRequest(), metadata=yours).jobs) == []
    mine = stub.GetJob(pb.GetJobRequest(job_id=job.id), metadata=key_of(store, "mine"))
    assert mine.state == pb.Job.STATE_QUEUED


def test_who_has_too_much_waiting_is_told_when_to_come_back(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    broker.submit(new_job("mine", estimated_gpu_s=25_000))

    with pytest.raises(grpc.RpcError) as raised:
        list(stub.Reconstruct(requests(b"video", size_bytes=5), metadata=key_of(store, "mine")))

    assert raised.value.code() is StatusCode.RESOURCE_EXHAUSTED
    assert code_of(raised.value) == "tenant_over_limit"
    assert retry_s_of(raised.value) >= 1


def test_it_is_refused_before_its_video_is_read(
    stub: ReconstructionStub, broker: Broker, store: Store
) -> None:
    broker.submit(new_job("mine", estimated_gpu_s=25_000))
    sent = []

    def video() -> Iterator[pb.ReconstructRequest]:
        yield from requests(size_bytes=5)
        for _ in range(200):
            sent.append(1)
            yield pb.ReconstructRequest(data=bytes(2**20))

    assert (
        refused(stub.Reconstruct(video(), metadata=key_of(store, "mine")))[1] == "tenant_over_limit"
    )
    assert len(sent) < 100, "flow control holds back what nobody reads"
    assert store.job_ids() == []


def test_a_certificate_holds_for_grpc_too(
    certified: tuple[Settings, Path], store: Store, broker: Broker
) -> None:
    settings, authority = certified
    trusted = grpc.ssl_channel_credentials(authority.read_bytes())

    with serving(settings, store, broker) as api:
        with grpc.secure_channel(api.rpc, trusted) as channel:
            jobs = ReconstructionStub(channel).ListJobs(pb.ListJobsRequest(), timeout=20)
        with grpc.insecure_channel(api.rpc) as channel, pytest.raises(grpc.RpcError):
            ReconstructionStub(channel).ListJobs(pb.ListJobsRequest(), timeout=5)

    assert list(jobs.jobs) == []
