"""The REST interface of webhooks: the secret that a tenant checks signatures with."""

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from service.front import TheCaller, TheFront, identified
from service.problems import PROBLEMS
from service.webhooks import Signer

webhooks = APIRouter(
    prefix="/v1", responses=PROBLEMS, dependencies=[Depends(identified)], tags=["access"]
)


class Secret(BaseModel):
    """What signatures of webhooks are checked with."""

    secret: str = Field(description="`whsec_...`, as libraries of Standard Webhooks take it.")


@webhooks.get("/webhooks/secret", response_model=Secret)
def get_secret(front: TheFront, caller: TheCaller, response: Response) -> Secret:
    """Return the secret that this tenant's webhooks are signed with; keep it to yourself."""
    response.headers["Cache-Control"] = "no-store"
    return Secret(secret=Signer(front.store).secret_of(caller.tenant))
