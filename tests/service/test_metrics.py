"""Names of metrics are a contract with dashboards and alerts, so they are written down here."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from service import metrics
from service.errors import ServiceError

NAMES = {
    "remocap_batch_bisections_total": "counter",
    "remocap_batch_fill_ratio": "histogram",
    "remocap_batch_limit_windows": "gauge",
    "remocap_clips_total": "counter",
    "remocap_commit_seconds": "histogram",
    "remocap_decode_seconds": "histogram",
    "remocap_export_seconds": "histogram",
    "remocap_frames_decoded_total": "counter",
    "remocap_frames_reconstructed_total": "counter",
    "remocap_gpu_memory_bytes": "gauge",
    "remocap_load_seconds": "histogram",
    "remocap_media_tasks": "gauge",
    "remocap_media_tasks_finished_total": "counter",
    "remocap_network_seconds": "histogram",
    "remocap_out_of_memory_total": "counter",
    "remocap_people_found_total": "counter",
    "remocap_queue_seconds": "histogram",
    "remocap_request_seconds": "histogram",
    "remocap_requests_total": "counter",
    "remocap_handout_seconds": "histogram",
    "remocap_uploaded_bytes_total": "counter",
    "remocap_webhooks_total": "counter",
}


@pytest.fixture
def address() -> Iterator[str]:
    server = metrics.serve_metrics("127.0.0.1", 0, lambda: None)
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_names_and_kinds_are_these() -> None:
    text = metrics.render()[0].decode()
    found = dict(re.findall(r"^# TYPE (remocap_\w+) (\w+)$", text, re.MULTILINE))

    assert found == NAMES


def test_every_metric_says_what_it_is() -> None:
    text = metrics.render()[0].decode()

    assert not re.findall(r"^# HELP (remocap_\w+) *$", text, re.MULTILINE)


def test_metrics_and_health_are_served(address: str) -> None:
    metrics.BATCH_LIMIT.set(16)

    with urlopen(f"{address}/metrics") as answer:
        assert b"remocap_batch_limit_windows 16.0" in answer.read()
    with urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
    with urlopen(f"{address}/readyz") as answer:
        assert answer.read() == b"ready\n"


def test_who_is_not_ready_says_why() -> None:
    server = metrics.serve_metrics("127.0.0.1", 0, lambda: "draining")
    with pytest.raises(HTTPError) as caught:
        urlopen(f"http://127.0.0.1:{server.server_port}/readyz")
    server.shutdown()
    server.server_close()

    assert caught.value.code == 503
    assert caught.value.read() == b"draining\n"
    caught.value.close()


def test_a_port_that_is_taken_is_named_with_its_remedy(address: str) -> None:
    port = int(address.rpartition(":")[2])

    with pytest.raises(ServiceError, match=f"{port}.*REMOCAP_WORKER_PORT") as caught:
        metrics.serve_metrics("127.0.0.1", port, lambda: None)

    assert caught.value.code == "port_taken"


def test_another_path_is_not_found(address: str) -> None:
    with pytest.raises(HTTPError, match="404") as caught:
        urlopen(f"{address}/secrets")
    caught.value.close()


def test_every_metric_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/operating.md").read_text()

    assert {name for name in NAMES if f"`{name}`" not in page} == set()
