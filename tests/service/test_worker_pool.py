"""A process for each device."""

import pytest

from service import worker_pool
from service.settings import load_settings
from service.worker_pool import devices, worker_children


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(worker_pool, "_count_gpus", lambda: request.param)


@pytest.mark.parametrize(
    ("gpus", "wanted", "expected"),
    [
        (2, "auto", ["cuda:0", "cuda:1"]),
        (2, "cuda", ["cuda:0", "cuda:1"]),
        (2, "cuda:1", ["cuda:1"]),
        (2, "cpu", ["cpu"]),
        (0, "auto", ["cpu"]),
        (0, "cuda", ["cuda"]),
    ],
    indirect=["gpus"],
)
@pytest.mark.usefixtures("gpus")
def test_devices(wanted: str, expected: list[str]) -> None:
    assert devices(wanted) == expected


@pytest.mark.parametrize("gpus", [2], indirect=True)
@pytest.mark.usefixtures("gpus")
def test_each_process_has_its_device_and_its_port() -> None:
    children = worker_children(load_settings(worker_port=9000))

    assert [child.name for child in children] == ["worker-0", "worker-1"]
    assert [child.env["REMOCAP_DEVICE"] for child in children] == ["cuda:0", "cuda:1"]
    assert [child.env["REMOCAP_WORKER_PORT"] for child in children] == ["9000", "9001"]


@pytest.mark.parametrize("gpus", [2], indirect=True)
@pytest.mark.usefixtures("gpus")
def test_no_port_stays_no_port() -> None:
    children = worker_children(load_settings(worker_port=0))

    assert {child.env["REMOCAP_WORKER_PORT"] for child in children} == {"0"}
