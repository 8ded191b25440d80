"""Who makes a gRPC call. Everything that tells callers apart is in `caller_of`."""

import re

from model.errors import UsageError
from service.front import IDEMPOTENCY_KEY, MAX_KEY
from service.jobs import Caller
from service.rpc_errors import Context


def caller_of(context: Context) -> Caller:
    """Return who calls, by the metadata of the call.

    Raises:
        UsageError: `bad_option`: an idempotency key that REST would not take either.
    """
    given = dict(context.invocation_metadata() or ())
    key = given.get("idempotency-key")
    if key is None:
        return Caller()
    if not isinstance(key, str) or len(key) > MAX_KEY or not re.fullmatch(IDEMPOTENCY_KEY, key):
        raise UsageError(
            "bad_option",
            f"idempotency-key: expected 1 to {MAX_KEY} visible ASCII characters; shorten it",
        )
    return Caller(idempotency_key=key)
