"""The api role: the fronts in one process, which imports neither torch nor video code."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from math import ceil
from types import FrameType

import uvicorn
import uvloop
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from model.errors import UsageError
from service.admission import address_to_listen
from service.broker import Broker
from service.description import describe
from service.front import Front
from service.latency import keep_latency_low
from service.logs import get_log, set_up_logs
from service.metrics import REQUEST_SECONDS, REQUESTS
from service.operations import operations
from service.page import page
from service.problems import handle_errors
from service.queue_metrics import watch_queue
from service.reconciler import Reconciler
from service.rest import v1
from service.rpc_server import RpcServer, serving_rpc
from service.scratch import sweep_scratch
from service.security import Guard
from service.security_rest import sessions, shares
from service.security_tls import tls_of
from service.settings import Settings
from service.store import Store
from service.streams_rest import streams
from service.supervisor import follow_supervisor
from service.webhooks_courier import Courier
from service.webhooks_rest import webhooks

DESCRIPTION = "A video of people in, their 3D body meshes out, frame by frame."
log = get_log("api")


def create_app(settings: Settings, store: Store, broker: Broker) -> FastAPI:
    """Return the web application, which needs a running event loop and a Redis that may be away."""
    front = Front.of(settings, store, broker)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with Reconciler(broker, store, settings.retention_s):
            async with front.watch.running(), Courier(settings, store, broker).running():
                yield

    app = FastAPIOffline(
        title="RemoCap",
        description=DESCRIPTION,
        version="1",
        openapi_url="/v1/openapi.json",
        docs_url="/docs",
        redoc_url=None,
        static_url="/docs/assets",
        swagger_ui_parameters={"validatorUrl": None},  # it would ask a server of others
        lifespan=lifespan,
    )
    app.state.front = front
    for router in (v1, streams, webhooks, shares, sessions, operations, page):
        app.include_router(router)
    app.add_middleware(Guard, settings=settings, gate=front.gate)
    app.add_middleware(Measured)
    handle_errors(app)
    describe(app)
    return app


class Measured:
    """Counts and logs every request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and take note of its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, since_s = 0, time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            _note(scope, status or 500, time.perf_counter() - since_s)


def _note(scope: Scope, status: int, seconds: float) -> None:
    route = getattr(scope.get("route"), "path", "none")  # the pattern: paths are without bound
    REQUESTS.labels("rest", route, str(status)).inc()
    REQUEST_SECONDS.labels("rest", route).observe(seconds)
    if route not in {"/healthz", "/readyz", "/metrics"}:
        log.info(
            "answered",
            method=scope["method"],
            route=route,
            status=status,
            seconds=round(seconds, 4),
        )


class Server(uvicorn.Server):
    """Stops taking jobs, and lets waiting clients go, as soon as it is told to end."""

    front: Front
    loop: asyncio.AbstractEventLoop
    rpc: RpcServer

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; a second signal ends at once."""
        self.front.jobs.draining = True
        self.loop.call_soon_threadsafe(self._let_go)
        super().handle_exit(sig, frame)

    def _let_go(self) -> None:
        self.front.watch.wake_all()
        self._stopping = self.loop.create_task(self.rpc.stop(self.front.settings.drain_s))


async def serve_api(settings: Settings) -> None:
    """Serve the fronts in this event loop until SIGTERM or SIGINT, then drain."""
    broker, store = Broker.of(settings), Store.of(settings)
    host, tls = address_to_listen(settings, store), tls_of(settings)
    watch_queue(broker)
    app = create_app(settings, store, broker)
    server = Server(
        uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=ceil(settings.drain_s),
            ssl_certfile=tls and tls.cert,
            ssl_keyfile=tls and tls.key,
        )
    )
    server.front, server.loop = app.state.front, asyncio.get_running_loop()
    keep_latency_low()
    with listen(host, settings.rest_port) as place:
        async with serving_rpc(
            server.front, host, settings.grpc_port, tls and tls.for_grpc()
        ) as server.rpc:
            await server.serve(sockets=[place])


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, and whose connections send what they have at once.

    asyncio sees to the latter only where a socket names its protocol, which this one does not; the
    body of an answer, written behind its head, would wait 40 ms for the client to confirm the head.

    Raises:
        UsageError: `bad_address`: the port is taken, or the address not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        place = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise UsageError(
            "bad_address",
            f"{host} port {port} cannot be listened on ({error.strerror}); end what uses it, or "
            "choose another with --host and --rest-port",
        ) from None
    place.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return place


def run_api(settings: Settings) -> None:
    """Run the api role until it is told to end.

    Raises:
        UsageError: `bad_address`.
    """
    follow_supervisor()
    sweep_scratch()
    set_up_logs("api", form=settings.log_format, level=settings.log_level)
    uvloop.run(serve_api(settings))
