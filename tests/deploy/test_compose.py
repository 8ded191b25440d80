"""docker-compose.yml is valid, opens nothing to others by itself, and leaves no role a right."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
ROLES = ("api", "media", "worker")
Compose = Mapping[str, Any]


@pytest.fixture
def compose() -> Compose:
    said: Compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return said


def config(*files: str, **variables: str) -> Compose:
    """What docker-compose makes of the files; skips where there is none."""
    program = shutil.which("docker-compose")
    if program is None:
        pytest.skip("needs docker-compose (Debian: apt-get install docker-compose)")
    named = [word for file in files for word in ("-f", file)]
    done = subprocess.run(
        [program, *named, "config"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said: Compose = yaml.safe_load(done.stdout)
    return said


def with_drain(text: str, drain_s: str | None) -> str:
    """What compose reads where REMOCAP_DRAIN_S is that, or not set."""
    return re.sub(r"\$\{REMOCAP_DRAIN_S:-(.*?)\}", lambda found: drain_s or found[1], text)


def seconds(duration: str) -> float:
    """A duration as compose writes it: `75s`, `1m60s`."""
    parts = re.fullmatch(r"(?:(\d+)m)?([\d.]+)s", duration)
    assert parts is not None, duration
    return 60 * int(parts[1] or 0) + float(parts[2])


def test_by_default_the_worker_gets_the_gpus() -> None:
    said = config()["services"]["worker"]

    (device,) = said["deploy"]["resources"]["reservations"]["devices"]
    assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])


def test_the_first_file_alone_asks_for_no_gpu() -> None:
    said = config("docker-compose.yml")["services"]["worker"]

    assert "deploy" not in said


def test_all_ports_are_this_hosts_alone() -> None:
    services = config()["services"]

    published = [port for service in services.values() for port in service.get("ports", ())]
    assert len(published) == 4
    assert all(str(port).startswith("127.0.0.1:") for port in published)


def test_an_address_is_published_when_it_is_named() -> None:
    services = config(REMOCAP_PUBLISH="10.1.2.3")["services"]

    assert all(port.startswith("10.1.2.3:") for port in services["api"]["ports"])
    assert services["prometheus"]["ports"] == ["127.0.0.1:9090:9090/tcp"]


def test_redis_is_published_nowhere(compose: Compose) -> None:
    assert "ports" not in compose["services"]["redis"]


@pytest.mark.parametrize("name", [*ROLES, "redis", "secrets", "prometheus", "grafana"])
def test_nothing_is_written_to_an_image_and_no_right_is_kept(compose: Compose, name: str) -> None:
    service = compose["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("drain_s", [None, "90", "0.5"])
@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_longer_to_end_than_it_drains(
    compose: Compose, role: str, drain_s: str | None
) -> None:
    said = compose["services"][role]

    drains_s = with_drain(said["environment"]["REMOCAP_DRAIN_S"], drain_s)
    grace = with_drain(said["stop_grace_period"], drain_s)
    assert float(drains_s) == float(drain_s or Settings.model_fields["drain_s"].default)
    assert seconds(grace) > float(drains_s) + 5


def test_a_setting_reaches_every_role() -> None:
    services = config(REMOCAP_LEASE_S="7")["services"]

    assert {services[role]["environment"]["REMOCAP_LEASE_S"] for role in ROLES} == {"7"}


def test_settings_that_are_passed_on_exist(compose: Compose) -> None:
    passed = compose["services"]["api"]["environment"]
    ours = {name for name in passed if name.startswith("REMOCAP_")} - {"REMOCAP_SECRETS_DIR"}
    assert ours <= {f"REMOCAP_{field}".upper() for field in Settings.model_fields}


def test_the_images_that_compose_names_are_stages_of_the_dockerfile(compose: Compose) -> None:
    text = (ROOT / "Dockerfile").read_text()

    for role in ROLES:
        assert f"FROM role AS {role}\n" in text
        assert compose["services"][role]["build"]["target"] == role


def test_the_dashboard_is_where_grafana_is_told(compose: Compose) -> None:
    home = compose["services"]["grafana"]["environment"][
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"
    ]
    board = json.loads((ROOT / "deploy" / home.removeprefix("/etc/")).read_text())

    assert board["title"] == "RemoCap"
