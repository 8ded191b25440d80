"""Who makes a gRPC call. Everything that tells callers apart is in `caller_of`."""

import re
from dataclasses import replace

from model.errors import UsageError
from service.admission import Credentials, Gate
from service.front import IDEMPOTENCY_KEY, MAX_KEY
from service.jobs import Caller
from service.rpc_errors import Context


async def caller_of(gate: Gate, context: Context) -> Caller:
    """Return who calls, by the metadata of the call.

    Raises:
        UnauthenticatedError: As `Gate.identify`.
        UsageError: `bad_option`: an idempotency key that REST would not take either.
    """
    given = dict(context.invocation_metadata() or ())
    shown = given.get("authorization", "")
    credentials = Credentials(authorization=shown if isinstance(shown, str) else "")
    caller = await gate.identify(credentials)
    key = given.get("idempotency-key")
    address = _address(context.peer() or "")
    if key is None:
        return replace(caller, address=address)
    if not isinstance(key, str) or len(key) > MAX_KEY or not re.fullmatch(IDEMPOTENCY_KEY, key):
        raise UsageError(
            "bad_option",
            f"idempotency-key: expected 1 to {MAX_KEY} visible ASCII characters; shorten it",
        )
    return replace(caller, idempotency_key=key, address=address)


def _address(peer: str) -> str:
    """Return the address in `ipv4:127.0.0.1:4711`: a client's next call has another port."""
    return peer.partition(":")[2].rpartition(":")[0]
