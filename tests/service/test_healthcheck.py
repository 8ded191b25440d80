"""What a container's health check says."""

import subprocess
import sys

import pytest

from service import metrics
from service.healthcheck import ready_url, why_unhealthy
from service.settings import load_settings
from tests.load.fleet import free_port


def check(role: str, port: int) -> subprocess.CompletedProcess[str]:
    """Run it as a container does."""
    return subprocess.run(
        [sys.executable, "-m", "service.healthcheck", role],
        env={"REMOCAP_MEDIA_PORT": str(port), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("reason", "status"), [(None, 0), ("draining", 1)])
def test_it_says_what_the_role_says(reason: str | None, status: int) -> None:
    server = metrics.serve_metrics("127.0.0.1", 0, lambda: reason)
    done = check("media", server.server_port)
    server.shutdown()
    server.server_close()

    assert (done.returncode, done.stderr.strip()) == (status, reason or "")


def test_where_nobody_listens_it_fails() -> None:
    assert check("media", free_port()).returncode == 1


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://127.0.0.1:8010/readyz"),
        ("0.0.0.0", "http://127.0.0.1:8010/readyz"),
        ("::", "http://[::1]:8010/readyz"),
        ("10.1.2.3", "http://10.1.2.3:8010/readyz"),
    ],
)
def test_it_asks_this_machine(host: str | None, url: str) -> None:
    assert ready_url("worker", load_settings(host=host)) == url


def test_an_api_with_a_certificate_is_asked_by_https() -> None:
    settings = load_settings(tls_cert="cert.pem", tls_key="key.pem")

    assert ready_url("api", settings) == "https://127.0.0.1:8000/readyz"
    assert ready_url("media", settings).startswith("http://")


def test_a_role_that_hangs_is_unhealthy_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr("service.healthcheck._PATIENCE_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reason = why_unhealthy(f"http://127.0.0.1:{silent.getsockname()[1]}/readyz")

    assert "timed out" in str(reason)
