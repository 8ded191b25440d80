"""A few of the calls that `make fuzz-rpc` makes for ten minutes."""

import grpc

from service.broker import Broker
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from tests.load.rpc_fuzz import known, try_calls
from tests.service.web import Api


def test_whatever_is_said_is_answered_or_refused(api: Api, broker: Broker) -> None:
    with grpc.insecure_channel(api.rpc) as channel:
        faults = try_calls(ReconstructionStub(channel), lambda: known(broker), 150)

    assert faults == []
    assert api.http.get("/healthz").status_code == 200
