"""`python -m service.healthcheck ROLE`: ask a role of this machine whether it is ready.

For health checks of containers, which carry no curl. Exit status 0 where it is, else 1, with the
reason on standard error. Of several worker processes the first is asked.
"""

import ssl
import sys
import urllib.error
import urllib.request

from service.settings import LOOPBACK, Settings, load_settings

_PATIENCE_S = 4.0


def ready_url(role: str, settings: Settings) -> str:
    """Return where a role (`api`, `media` or `worker`) says whether it is ready."""
    ports = {
        "api": settings.rest_port,
        "media": settings.media_port,
        "worker": settings.worker_port,
    }
    everywhere = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  not bound here
    host = everywhere.get(settings.host or LOOPBACK, settings.host or LOOPBACK)
    scheme = "https" if role == "api" and settings.tls_cert else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{ports[role]}/readyz"


def why_unhealthy(url: str) -> str | None:
    """Say what a role lacks; None where it is ready."""
    # To this machine alone; its certificate bears the name that others call it by.
    trusting = ssl._create_unverified_context()  # noqa: S323, SLF001
    try:
        with urllib.request.urlopen(url, timeout=_PATIENCE_S, context=trusting):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        return error.read(500).decode(errors="replace").strip()
    except OSError as error:
        return str(error)


def main() -> None:
    """Ask, and leave with the answer."""
    reason = why_unhealthy(ready_url(sys.argv[1], load_settings()))
    if reason is not None:
        print(reason, file=sys.stderr)  # noqa: T201
    sys.exit(reason is not None)


if __name__ == "__main__":
    main()
