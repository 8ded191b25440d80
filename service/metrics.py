"""Everything that is measured, and the small server that shows it for roles without a web front.

Base units, bounded labels, all names with `remocap_`; `tests/service/test_metrics.py` freezes them.
Every role imports this module and fills what it knows; the rest stays at zero.
"""

from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from service.errors import ServiceError

# A series more for each, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]  # its stub has no types  # type: ignore[no-untyped-call]  # in no stub
_SHORT_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_LONG_S = (0.01, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200)

# The fronts.
REQUESTS = Counter(
    "remocap_requests", "Requests answered, by the route's pattern", ["front", "route", "status"]
)
REQUEST_SECONDS = Histogram(
    "remocap_request_seconds", "From request to answer", ["front", "route"], buckets=_LONG_S
)
HANDOUT_SECONDS = Histogram(
    "remocap_handout_seconds",
    "Assembling a result and computing its meshes, as they are sent",
    ["format"],
    buckets=_LONG_S,
)
UPLOADED_BYTES = Counter("remocap_uploaded_bytes", "Bytes of video received")
WEBHOOKS = Counter("remocap_webhooks", "Attempts to call webhooks", ["outcome"])

# The media role.
DECODE_SECONDS = Histogram(
    "remocap_decode_seconds", "From a job's first frame to its last clip sealed", buckets=_LONG_S
)
EXPORT_SECONDS = Histogram(
    "remocap_export_seconds", "Making one export", ["format"], buckets=_LONG_S
)
MEDIA_TASKS = Gauge("remocap_media_tasks", "Tasks that run, paused ones included", ["kind"])
MEDIA_TASKS_FINISHED = Counter(
    "remocap_media_tasks_finished", "Tasks that ended", ["kind", "outcome"]
)
FRAMES_DECODED = Counter("remocap_frames_decoded", "Frames of video decoded")
PEOPLE_FOUND = Counter("remocap_people_found", "People followed through a video")

# The worker.
QUEUE_SECONDS = Histogram(
    "remocap_queue_seconds", "A clip's time in its model's queue", buckets=_LONG_S
)
LOAD_SECONDS = Histogram("remocap_load_seconds", "Reading a clip from the store", buckets=_SHORT_S)
NETWORK_SECONDS = Histogram(
    "remocap_network_seconds", "One batch through the network", buckets=_SHORT_S
)
COMMIT_SECONDS = Histogram(
    "remocap_commit_seconds", "Writing a clip's result and committing it", buckets=_SHORT_S
)
BATCH_FILL = Histogram(
    "remocap_batch_fill_ratio",
    "Windows in a batch, of the most it may hold",
    buckets=[tenth / 10 for tenth in range(1, 11)],
)
BATCH_LIMIT = Gauge("remocap_batch_limit_windows", "The most windows that a batch may hold")
CLIPS = Counter("remocap_clips", "Clips that left a worker", ["outcome"])
FRAMES_RECONSTRUCTED = Counter("remocap_frames_reconstructed", "Frames of people committed")
OUT_OF_MEMORY = Counter("remocap_out_of_memory", "Batches that did not fit into memory")
BISECTIONS = Counter("remocap_batch_bisections", "Batches that raised and were split")
GPU_MEMORY = Gauge("remocap_gpu_memory_bytes", "Memory of the worker's GPU", ["kind"])

Check = Callable[[], str | None]
"""What is wrong, in a few words; None where nothing is."""


def render() -> tuple[bytes, str]:
    """Return all metrics of this process, and their media type."""
    return generate_latest(), CONTENT_TYPE_LATEST


def serve_metrics(host: str, port: int, ready: Check) -> WSGIServer:
    """Serve `/metrics`, `/healthz` and `/readyz` from a thread until `shutdown` is called.

    Args:
        host: Address to listen on.
        port: 0 takes any free one; `server_port` says which.
        ready: Asked at `/readyz`, which answers 503 and the words where there are some.

    Raises:
        ServiceError: `port_taken`.
    """

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        status, kind, body = _answer(environ["PATH_INFO"], ready)
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    try:
        server = make_server(host, port, application, _Server, _Silent)
    except OSError as error:
        raise ServiceError(
            "port_taken",
            f"metrics cannot be served on {host}:{port} ({error.strerror}); expected a port that "
            "is free; set REMOCAP_MEDIA_PORT or REMOCAP_WORKER_PORT, where 0 serves none",
        ) from error
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _answer(path: str, ready: Check) -> tuple[str, str, bytes]:
    match path:
        case "/metrics":
            body, kind = render()
            return "200 OK", kind, body
        case "/healthz":
            return "200 OK", "text/plain", b"alive\n"
        case "/readyz":
            reason = ready()
            status = "200 OK" if reason is None else "503 Service Unavailable"
            return status, "text/plain", f"{reason or 'ready'}\n".encode()
        case _:
            return "404 Not Found", "text/plain", b"/metrics, /healthz and /readyz are here\n"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name it has there
        """Scrapes are no news."""
