"""Every query of the dashboard and of the rules, asked of a Prometheus that watches the service.

    python -m tests.load.dashboard [--keep SECONDS]     `make dashboard`

Needs `prometheus` on the PATH (Debian: apt-get install prometheus). Runs `remocap serve` and sends
it videos, good and bad, until every query returned data, for three minutes at most; then says which
did not. With --keep, goes on for so long, for those who want to look at Prometheus in a browser.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

import httpx2
import yaml

from tests.e2e.served import Served, serving
from tests.load.fleet import free_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
SAMPLE = ROOT / "docs" / "sample" / "walk.mp4"
GPU_ONLY = frozenset({"remocap_gpu_memory_bytes"})
"""Queries that have no data where workers run on a CPU."""
_WITHIN_S = 240.0
_RATE_INTERVAL = "30s"  # Grafana puts in four scrapes


def dashboard_queries() -> dict[str, str]:
    """Each query of the dashboard, by its panel's title and its letter."""
    board = json.loads((DEPLOY / "grafana/dashboards/remocap.json").read_text())
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel["targets"]
    }


def config(ports: Mapping[str, int]) -> str:
    """The configuration of compose, with this machine's ports in place of its names."""
    said = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    said["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    said["rule_files"] = [str(DEPLOY / "prometheus/rules.yml")]
    for job in said["scrape_configs"]:
        if job["job_name"] in ports:
            del job["dns_sd_configs"]
            job["static_configs"] = [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]
    said["scrape_configs"] = [job for job in said["scrape_configs"] if job["job_name"] in ports]
    return yaml.safe_dump(said)


@contextmanager
def prometheus(folder: Path, ports: Mapping[str, int]) -> Iterator[httpx2.Client]:
    """A Prometheus that asks these ports; a client of it."""
    folder.mkdir()
    (folder / "prometheus.yml").write_text(config(ports))
    address = f"127.0.0.1:{free_port()}"
    command = ["prometheus", f"--config.file={folder}/prometheus.yml"]
    command += [f"--storage.tsdb.path={folder}/data", f"--web.listen-address={address}"]
    with (folder / "said.txt").open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
    try:
        with httpx2.Client(base_url=f"http://{address}", timeout=10) as client:
            wait_for(lambda: _ready(client), 60)
            yield client
    finally:
        process.terminate()
        process.wait()


def _ready(client: httpx2.Client) -> bool:
    with suppress(httpx2.HTTPError):
        return client.get("/-/ready").status_code == 200
    return False


def ask(client: httpx2.Client, query: str) -> list[Mapping[str, object]]:
    """The series that a query returns now."""
    query = query.replace("$__rate_interval", _RATE_INTERVAL)
    answer = client.get("/api/v1/query", params={"query": query}).json()
    if answer["status"] != "success":
        raise ValueError(f"{query}: {answer['error']}")
    found = answer["data"]["result"]
    return [one for one in found if re.search(r"\d", str(one["value"][1]))]  # NaN is no data


def unhealthy_rules(client: httpx2.Client) -> list[str]:
    """Rules that Prometheus cannot evaluate, and why."""
    groups = client.get("/api/v1/rules").json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert rules
    return [f"{one['name']}: {one.get('lastError')}" for one in rules if one["health"] != "ok"]


@contextmanager
def load(served: Served) -> Iterator[None]:
    """Somebody who sends videos, fetches files, and errs."""
    stop = Event()

    def work() -> None:
        while not stop.is_set():
            form = {"video": SAMPLE.read_bytes()}
            served.http.post("/v1/reconstruct?wait=100&format=glb&end=1", files=form)
            served.http.post("/v1/reconstruct?wait=100", files={"video": b"no video"})
            served.http.get("/v1/jobs")

    threads = [Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def main() -> None:
    """Ask everything until it answers, and say what did not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=float, default=0, help="seconds to go on afterwards")
    keep_s = parser.parse_args().keep
    queries = dashboard_queries()
    with tempfile.TemporaryDirectory(prefix="remocap-") as name:
        silent = _watch(Path(name), queries, keep_s)
    print(f"{len(queries) - len(silent)} of {len(queries)} queries returned data")
    for title in sorted(silent):
        print(f"{'needs a GPU' if queries[title] in GPU_ONLY else 'returned nothing'}: {title}")
    sys.exit(any(queries[title] not in GPU_ONLY for title in silent))


def _watch(folder: Path, queries: Mapping[str, str], keep_s: float) -> set[str]:
    """The titles of those queries that never returned data."""
    media_port = free_port()
    with serving(folder / "data", media_port=media_port) as served:
        ports = {"api": _port(served.url), "media": media_port, "worker": _port(served.worker_url)}
        with prometheus(folder / "p", ports) as client, load(served):
            silent = _ask_until_answered(client, queries)
            firing = [one["metric"] for one in ask(client, 'ALERTS{alertstate="firing"}')]
            print(f"rules that fail: {unhealthy_rules(client) or 'none'}")
            print(f"alerts that fire: {firing or 'none'}; Prometheus at {client.base_url}")
            sys.stdout.flush()
            time.sleep(keep_s)
    return silent


def _ask_until_answered(client: httpx2.Client, queries: Mapping[str, str]) -> set[str]:
    """The titles of those queries that returned nothing in time."""
    silent, until_s = set(queries), time.monotonic() + _WITHIN_S
    while time.monotonic() < until_s and any(queries[t] not in GPU_ONLY for t in silent):
        silent -= {title for title in silent if ask(client, queries[title])}
        time.sleep(1)
    return silent


def _port(url: str) -> int:
    return urlsplit(url).port or 0


if __name__ == "__main__":
    main()
