"""Rules and dashboard ask for metrics that exist, and alerts fire when they should."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.load.dashboard import dashboard_queries
from tests.service.test_metrics import NAMES
from tests.service.test_queue_metrics import NAMES as QUEUE_NAMES

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
KNOWN = set(NAMES) | QUEUE_NAMES
RULES = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
]
ALERTS = [rule["alert"] for rule in RULES if "alert" in rule]
RECORDS = {rule["record"] for rule in RULES if "record" in rule}
QUERIES = [rule["expr"] for rule in RULES] + list(dashboard_queries().values())


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run promtool; skips where there is none."""
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("needs promtool (Debian: apt-get install prometheus)")
    return subprocess.run(
        [program, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, check=False
    )


def test_the_configuration_is_valid() -> None:
    done = promtool("check", "config", "prometheus.yml")

    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_fire_when_they_should_and_else_not() -> None:
    done = promtool("test", "rules", "rules_test.yml")

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("query", QUERIES)
def test_every_metric_that_is_asked_for_exists(query: str) -> None:
    asked = set(re.findall(r"\bremocap_\w+", query))
    bare = {re.sub(r"_(bucket|sum|count)$", "", name) for name in asked}

    assert {name for name in bare if name not in KNOWN} == set()
    assert set(re.findall(r"\bremocap:\w+", query)) <= RECORDS


@pytest.mark.parametrize("alert", ALERTS)
def test_every_alert_is_tested_and_explained(alert: str) -> None:
    tests = (PROMETHEUS / "rules_test.yml").read_text()
    page = (ROOT / "docs" / "operating.md").read_text()

    assert f"alertname: {alert}\n" in tests
    assert f"`{alert}`" in page


def test_panels_do_not_overlap() -> None:
    board = json.loads((ROOT / "deploy/grafana/dashboards/remocap.json").read_text())
    taken: set[tuple[int, int]] = set()

    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_panel_says_what_it_shows() -> None:
    board = json.loads((ROOT / "deploy/grafana/dashboards/remocap.json").read_text())

    assert all(panel["description"] for panel in board["panels"])
