"""Whatever a client says over gRPC is answered or refused: never our fault, and nobody dies of it.

python -m tests.load.rpc_fuzz 600
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import grpc
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_status import rpc_status
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.broker import Broker
from service.pb.remocap.v1 import reconstruction_pb2 as pb
from service.pb.remocap.v1.reconstruction_pb2_grpc import ReconstructionStub
from service.redis_server import RedisServer
from service.store import Store
from tests.load.fleet import machine
from tests.service.web import free_settings, serving

OUR_FAULT = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DATA_LOSS}
DEADLINE_S = 5.0
_F = FieldDescriptor
_VALUES = {
    _F.TYPE_STRING: st.text(max_size=300) | st.sampled_from(["remocap-anny", "..", "\0", "0" * 32]),
    _F.TYPE_BYTES: st.binary(max_size=2000),
    _F.TYPE_BOOL: st.booleans(),
    _F.TYPE_UINT32: st.integers(0, 2**32 - 1) | st.integers(0, 3),
    _F.TYPE_UINT64: st.integers(0, 2**64 - 1) | st.integers(0, 3),
    _F.TYPE_DOUBLE: st.floats() | st.floats(0, 10),
    _F.TYPE_ENUM: st.integers(-(2**31), 2**31 - 1) | st.integers(0, 4),
}


def messages(kind: Descriptor) -> st.SearchStrategy[Message]:
    """Any message of a kind."""
    fields = {}
    for field in kind.fields:
        value = messages(field.message_type) if field.message_type else _VALUES[field.type]
        fields[field.name] = value
    return st.fixed_dictionaries({}, optional=fields).map(lambda f: _made(kind, f))


def _made(kind: Descriptor, fields: dict[str, object]) -> Message:
    chosen: dict[str, object] = {}
    for name, value in fields.items():  # of a oneof the last one counts
        group = kind.fields_by_name[name].containing_oneof
        if group is not None:
            chosen = {n: v for n, v in chosen.items() if n not in [f.name for f in group.fields]}
        chosen[name] = value
    return GetMessageClass(kind)(**chosen)


METHODS = pb.DESCRIPTOR.services_by_name["Reconstruction"].methods
KEYS = st.none() | st.text(
    st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=300
)
CALLS = st.one_of(
    [
        st.tuples(
            st.just(method.name),
            st.lists(messages(method.input_type), max_size=4)
            if method.client_streaming
            else messages(method.input_type),
            KEYS,
        )
        for method in METHODS
    ]
)


def try_calls(stub: ReconstructionStub, jobs: Callable[[], list[str]], count: int) -> list[str]:
    """Make any calls, some of jobs that there are; return what went wrong, best nothing."""
    faults: list[str] = []

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(CALLS, st.booleans())
    def attempt(call: tuple[str, object, str | None], of_a_job: bool) -> None:
        name, said, key = call
        known = jobs()
        if of_a_job and known and hasattr(said, "job_id"):
            said.job_id = known[0]
        metadata = (("idempotency-key", key),) if key else ()
        request = iter(said) if isinstance(said, list) else said
        try:
            answer = getattr(stub, name)(request, metadata=metadata, timeout=DEADLINE_S)
            if hasattr(answer, "__next__"):
                next(answer, None)  # the rest waits for work that nobody does
                answer.cancel()
        except grpc.RpcError as error:
            if not is_refusal(error):
                faults.append(f"{name}({said!r}, {key!r}): {error}")

    attempt()
    return faults


def is_refusal(error: grpc.RpcError) -> bool:
    """Whether a status says what a client did wrong, with its stable code."""
    if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        return True
    status = rpc_status.from_call(error)
    return error.code() not in OUR_FAULT and status is not None and bool(status.details)


def main(seconds: float) -> None:
    """Go on for so long, against a server of its own."""
    until_s, rounds, size = time.monotonic() + seconds, 0, 500
    folder = Path(tempfile.mkdtemp(prefix="remocap-"))
    with RedisServer(folder / "redis") as redis:
        given_settings = free_settings(folder, redis.address, log_level="error")
        broker, store = Broker.of(given_settings), Store.of(given_settings)
        with serving(given_settings, store, broker) as api:
            with grpc.insecure_channel(api.rpc) as channel:
                while time.monotonic() < until_s:
                    faults = try_calls(ReconstructionStub(channel), lambda: known(broker), size)
                    assert not faults, faults[0]
                    rounds += 1
            assert api.http.get("/healthz").status_code == 200
    print(
        f"{rounds * size} calls in {seconds:.0f} s: none was our fault, the api lives ({machine()})"
    )


def known(broker: Broker) -> list[str]:
    """Ids of jobs."""
    return [status.job.id for status in broker.list_jobs("public", 1)]


if __name__ == "__main__":
    main(float(sys.argv[1]))
