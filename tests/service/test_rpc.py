"""The gRPC interface by its proto alone: what is accepted, refused, shown and ended."""

from collections.abc import Iterable, Iterator

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

from service.broker import Broker
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.store import Store
from service.upload_parts import read_parts
from tests.service.web import Api

UNKNOWN = "0" * 32


@pytest.fixture
def stub(api: Api) -> Iterator[ReconstructionStub]:
    with grpc.insecure_channel(api.rpc) as channel:
        yield ReconstructionStub(channel)


def requests(*data: bytes, **options: object) -> Iterator[pb.ReconstructRequest]:
    """A whole call's messages."""
    yield pb.ReconstructRequest(options=pb.ReconstructOptions(**options))
    for piece in data:
        yield pb.ReconstructRequest(data=piece)


def refused(call: Iterable[object]) -> tuple[grpc.StatusCode, str]:
    """Status and code of a call that fails."""
    with pytest.raises(grpc.RpcError) as raised:
        list(call)
    return raised.value.code(), code_of(raised.value)


def code_of(error: grpc.RpcError) -> str:
    info = ErrorInfo()
    assert details_of(error)[0].Unpack(info)
    return info.reason


def details_of(error: grpc.RpcError) -> list:
    status = rpc_status.from_call(error)
    assert status is not None
    return list(status.details)


def test_a_video_is_taken_on(stub: ReconstructionStub, store: Store, broker: Broker) -> None:
    call = stub.Reconstruct(requests(b"vid", b"eo", max_people=2, start_s=1.5))

    accepted = next(call).accepted

    status = broker.status(accepted.job_id)
    assert status is not None
    assert b"".join(read_parts(store, accepted.job_id)) == b"video"
    assert (status.job.options.max_people, status.job.options.start_s) == (2, 1.5)
    assert accepted.topology == status.job.model_key
    call.cancel()
