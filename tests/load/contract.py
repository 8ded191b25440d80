"""Requests of all kinds, right and wrong, made from the service's own description of itself.

    python -m tests.load.contract 600          ten minutes: `make contract`

Schemathesis reads `/v1/openapi.json` and asks `remocap serve`, all roles of it, whatever it can
think of. Nothing may be answered with 5xx, answers are as they are described, and every role is
the same process as before, and well.
"""

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from service.keys import KeyRing
from service.store import Store
from tests.e2e.served import Served, serving
from tests.load.crowd import show
from tests.load.fleet import machine

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
ANSWER_S = 60.0  # an answer may take so long, at most


@dataclass(frozen=True)
class Effort:
    """How much is asked.

    Attributes:
        for_s: Seconds, ...
        examples: ... or else of each operation and phase.
        phases: Of Schemathesis.
    """

    for_s: float = 300
    examples: int | None = None
    phases: str = "coverage,fuzzing,stateful"


def contract(tenant: str | None, effort: Effort) -> bool:
    """Run a service and ask it, with a key if there is a tenant; whether all was well."""
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        options, checks = [], list(CHECKS)
        if tenant is not None:
            key, _ = KeyRing(Store((Path(folder) / "store").as_uri())).add(tenant)
            options, checks = (
                ["--header", f"Authorization: Bearer {key}"],
                [*checks, "ignored_auth"],
            )
        with serving(Path(folder), host="127.0.0.1") as served:
            before = _pids(served)
            status = _schemathesis(served.url, [*options, "--checks", ",".join(checks)], effort)
            ready, after = served.http.get("/readyz").json()["ready"], _pids(served)
    show(
        f"contract, {'without keys' if tenant is None else 'with a key'} ({machine()})",
        {
            "Schemathesis ended with (expected: 0)": status,
            "roles that died": [name for name in before if before[name] != after.get(name)],
            "ready at the end": ready,
        },
    )
    return status == 0 and before == after and bool(ready)


def _pids(served: Served) -> dict[str, int]:
    return {name: process.pid for name, process in served.roles().items()}


def _schemathesis(url: str, options: list[str], effort: Effort) -> int:
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{url}/v1/openapi.json"]
    command += ["--phases", effort.phases, "--suppress-health-check", "all", *options]
    command += ["--request-timeout", str(ANSWER_S), "--max-response-time", str(ANSWER_S)]
    command += ["--warnings", "off", "--no-color"]
    if effort.examples is None:
        command += ["--max-time", str(round(effort.for_s))]
    else:
        command += ["--max-examples", str(effort.examples)]
    return subprocess.run(command, check=False).returncode


def main() -> None:
    """Ask, and say whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=600)
    effort = Effort(for_s=parser.parse_args().seconds / 2)
    sys.exit(not all([contract(None, effort), contract("lab", effort)]))


if __name__ == "__main__":
    main()
