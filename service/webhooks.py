"""Telling a client's server that a job has ended: what is said, and how it is signed.

As Standard Webhooks (standardwebhooks.com) describes: `webhook-id` is the same in every attempt, so
that a receiver can tell repetitions; `webhook-signature` covers id, time and body. Each tenant has
a secret of its own, made from one that lies in the store, so none can sign for another.
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import NamedTuple

from service.broker_types import JobStatus
from service.keys import secret_at
from service.schemas import JobView
from service.store import Store, webhooks_path

_PREFIX = "whsec_"


class Signer:
    """Signs for tenants; safe to share among threads.

    Args:
        store: Where the secret lies from which theirs are made.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._root: bytes | None = None

    def secret_of(self, tenant: str) -> str:
        """Return what a tenant checks signatures with: `whsec_` and base64 of 32 bytes."""
        if self._root is None:
            self._root = secret_at(self._store, webhooks_path())
        key = hmac.digest(self._root, f"remocap webhook {tenant}".encode(), hashlib.sha256)
        return _PREFIX + base64.b64encode(key).decode()


class Notice(NamedTuple):
    """What is sent.

    Attributes:
        id: The same in every attempt.
        body: JSON: `type`, `timestamp` and `data`, the job as `GET /v1/jobs/{id}` shows it.
    """

    id: str
    body: bytes

    @classmethod
    def of(cls, status: JobStatus) -> "Notice":
        """Say how a job ended."""
        ended = datetime.fromtimestamp(status.finished_s or 0, UTC)
        said = {
            "type": f"job.{status.state}",
            "timestamp": ended.isoformat().replace("+00:00", "Z"),
            "data": JobView.from_status(status).model_dump(mode="json"),
        }
        return cls(f"msg_{status.job.id}", json.dumps(said).encode())

    def headers(self, secret: str, at_s: int) -> dict[str, str]:
        """Return what goes with the body.

        Args:
            secret: `whsec_...`.
            at_s: When it is sent, in seconds since 1970.
        """
        return {
            "content-type": "application/json",
            "user-agent": "RemoCap",
            "webhook-id": self.id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": sign(secret, self.id, at_s, self.body),
        }


def sign(secret: str, message_id: str, at_s: int, body: bytes) -> str:
    """Return a signature: `v1,` and base64 of HMAC-SHA256 over id, time and body."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    code = hmac.digest(key, f"{message_id}.{at_s}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(code).decode()
