"""For operators: whether this process is alive and ready, and what it measures."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from model.errors import RemocapError
from service import metrics
from service.front import Front, TheFront
from service.schemas import Readiness

operations = APIRouter(tags=["operations"])


@operations.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """Say that this process is alive."""
    return "alive\n"


@operations.get("/readyz", response_model=Readiness, responses={503: {"model": Readiness}})
def readyz(front: TheFront, response: Response) -> Readiness:
    """Say whether this process can take jobs: 200, or 503 and the reason."""
    reason = why_not_ready(front)
    response.status_code = 200 if reason is None else 503
    workers = {} if reason else {s.model_key: s.workers for s in front.broker.models()}
    return Readiness(ready=reason is None, reason=reason, workers=workers)


@operations.get("/metrics", response_class=PlainTextResponse)
def get_metrics() -> Response:
    """Show the metrics of this process, as Prometheus reads them."""
    body, kind = metrics.render()
    return Response(body, media_type=kind)


def why_not_ready(front: Front) -> str | None:
    """Say in a few words what this process lacks; None where it lacks nothing."""
    if front.jobs.draining:
        return "draining"
    try:
        front.broker.ping()
        front.store.probe()
    except RemocapError as error:
        return f"{error.code}: {error.message}"
    return None
