"""Endpoints of browsers' sessions and of links that show a job to others (docs/security.md)."""

from datetime import UTC, datetime
from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field, SecretStr

from service.admission import MAX_LINK_S
from service.front import COOKIE, TheCaller, TheFront, credentials_of
from service.problems import PROBLEMS
from service.settings import Settings

sessions = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["access"])
"""Whoever shows a key may come here; the endpoints see to that themselves."""

shares = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["access"])


class Login(BaseModel):
    """What a person types into the page."""

    key: SecretStr = Field(max_length=200, description="A key, `rmc_...`.")


class Session(BaseModel):
    """Who uses this browser."""

    keys_required: bool = Field(description="false: anybody may use this service.")
    tenant: str


class Share(BaseModel):
    """A link that shows one job to whoever has it."""

    url: str = Field(description="For people: the page that shows the job.")
    token: str = Field(description="For programs: `?share=<token>` with any GET of the job.")
    expires: datetime


@sessions.post("/session", response_model=Session)
async def log_in(request: Request, front: TheFront, login: Login, response: Response) -> Session:
    """Exchange a key for a cookie, which scripts cannot read and other sites do not send."""
    if not await front.gate.asks_for_keys():
        return Session(keys_required=False, tenant="public")
    word, caller = await front.gate.open_session(login.key.get_secret_value())
    response.set_cookie(
        COOKIE,
        word,
        max_age=int(front.settings.session_s),
        path="/",
        secure=_is_encrypted(request, front.settings),
        httponly=True,
        samesite="strict",
    )
    return Session(keys_required=True, tenant=caller.tenant)


@sessions.get("/session", response_model=Session)
async def show_session(request: Request, front: TheFront) -> Session:
    """Say who uses this browser; 401 where a key has to be shown first."""
    caller = await front.gate.identify(credentials_of(request))
    return Session(keys_required=await front.gate.asks_for_keys(), tenant=caller.tenant)


@sessions.delete("/session", status_code=204)
async def log_out(request: Request, front: TheFront) -> Response:
    """End this browser's session."""
    if word := request.cookies.get(COOKIE):
        await run_sync(front.gate.close_session, word)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


@shares.post("/jobs/{job_id}/share", response_model=Share)
def share(
    front: TheFront,
    caller: TheCaller,
    job_id: str,
    expires_in: Annotated[
        float, Query(gt=0, le=MAX_LINK_S, description="Seconds; the job goes at its own time.")
    ] = 86_400,
) -> Share:
    """Make a link that shows this job, and nothing else, to whoever has it."""
    front.jobs.status(job_id, caller)
    token, expires_s = front.gate.share(job_id, caller, expires_in)
    url = f"/#/jobs/{job_id}?share={token}"
    return Share(url=url, token=token, expires=datetime.fromtimestamp(expires_s, UTC))


def _is_encrypted(request: Request, settings: Settings) -> bool:
    """Whether the browser speaks TLS: with us, or, as its page says, with a proxy before us."""
    return settings.tls_cert is not None or request.headers.get("origin", "").startswith("https:")
