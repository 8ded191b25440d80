"""The gRPC server of the api process: its port, health and reflection."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from math import ceil

import grpc
from anyio.to_thread import run_sync
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from model.errors import RemocapError, UsageError
from model.registry import list_models, weights_id
from service.front import Front
from service.messages import model_key
from service.operations import why_not_ready
from service.pb.remocap.v1 import reconstruction_pb2
from service.pb.remocap.v1.reconstruction_pb2_grpc import add_ReconstructionServicer_to_server
from service.rpc import Reconstruction

SERVICE = reconstruction_pb2.DESCRIPTOR.services_by_name["Reconstruction"].full_name
LOOK_S = 2.0  # between looks at this process's health
_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or a second server would get half of the calls
    ("grpc.keepalive_time_ms", 20_000),  # a client that vanished without a word is noticed
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
)
_STATUS = health_pb2.HealthCheckResponse


class RpcServer:
    """The server, once it listens.

    Attributes:
        port: Where.
    """

    def __init__(
        self, server: grpc.aio.Server, checks: health.aio.HealthServicer, port: int
    ) -> None:
        self.port = port
        self._server, self._checks = server, checks

    async def stop(self, grace_s: float) -> None:
        """Take no new calls; those that run may take so long to end."""
        await self._checks.enter_graceful_shutdown()
        await self._server.stop(grace_s)


@asynccontextmanager
async def serving_rpc(
    front: Front, host: str, port: int, credentials: grpc.ServerCredentials | None = None
) -> AsyncIterator[RpcServer]:
    """Serve gRPC in this event loop while the block runs, then drain.

    Args:
        front: The parts of this process.
        host: Address to listen on.
        port: Port; 0 takes a free one.
        credentials: For TLS; None serves without.

    Raises:
        UsageError: `bad_address`.
    """
    server = grpc.aio.server(options=_OPTIONS)
    add_ReconstructionServicer_to_server(Reconstruction(front), server)
    checks = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    names = (SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
    reflection.enable_server_reflection(names, server)
    bound = _listen(server, host, port, credentials)
    await _look(front, checks)
    await server.start()
    keeper = asyncio.create_task(_keep_looking(front, checks))
    serving = RpcServer(server, checks, bound)
    try:
        yield serving
    finally:
        keeper.cancel()
        await serving.stop(ceil(front.settings.drain_s))


def _listen(
    server: grpc.aio.Server, host: str, port: int, credentials: grpc.ServerCredentials | None
) -> int:
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    with suppress(RuntimeError):
        if credentials is None:
            return server.add_insecure_port(place)
        return server.add_secure_port(place, credentials)
    raise UsageError(
        "bad_address",
        f"{host} port {port} cannot be listened on; end what uses it, or choose another with "
        "--host and --grpc-port",
    )


async def _keep_looking(front: Front, checks: health.aio.HealthServicer) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        await _look(front, checks)


async def _look(front: Front, checks: health.aio.HealthServicer) -> None:
    """Tell of this process under its service's name, and of each model under `<service>/<name>`."""
    for name, is_well in (await run_sync(_health, front)).items():
        await checks.set(name, _STATUS.SERVING if is_well else _STATUS.NOT_SERVING)


def _health(front: Front) -> dict[str, bool]:
    is_ready = why_not_ready(front) is None
    found = {"": is_ready, SERVICE: is_ready}
    with suppress(RemocapError):
        served = {s.model_key: s.workers for s in front.broker.models()} if is_ready else {}
        for folder in list_models(front.settings.models_dir):
            name = folder.card.name
            found[f"{SERVICE}/{name}"] = bool(served.get(model_key(name, weights_id(folder.card))))
    return found
