"""What is scraped is what the queue holds."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from service.broker import Broker
from service.queue_metrics import QueueCollector
from service.sleeping import SLEEPING_KEY
from service.store import Store
from tests.service.sealed import make_clip, seal_job

NAMES = {
    "remocap_dead_clips",
    "remocap_jobs",
    "remocap_queue_oldest_seconds",
    "remocap_queue_windows",
    "remocap_redis_up",
    "remocap_reserved_gpu_seconds",
    "remocap_tasks_waiting",
    "remocap_workers",
}
MODEL = f'model="{SLEEPING_KEY}"'


def scrape(broker: Broker) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(QueueCollector(broker))
    lines = generate_latest(registry).decode().splitlines()
    samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in samples}


def test_jobs_queue_and_workers_are_counted(broker: Broker, store: Store) -> None:
    seal_job(broker, store, [make_clip(n, windows=4) for n in range(0, 40, 4)])
    broker.announce("w", SLEEPING_KEY, 8)

    seen = scrape(broker)

    assert seen["remocap_redis_up"] == 1
    assert seen['remocap_jobs{state="running"}'] == 1
    assert seen[f"remocap_workers{{{MODEL}}}"] == 1
    assert seen[f'remocap_queue_windows{{{MODEL},place="admitted"}}'] == 24
    assert seen[f'remocap_queue_windows{{{MODEL},place="waiting"}}'] == 16
    assert 0 <= seen[f"remocap_queue_oldest_seconds{{{MODEL}}}"] < 60


def test_the_names_are_these(broker: Broker, store: Store) -> None:
    seal_job(broker, store, [make_clip()])

    assert {name.partition("{")[0] for name in scrape(broker)} == NAMES


def test_without_redis_the_scrape_says_so(tmp_path: Path) -> None:
    away = Broker(f"unix://{tmp_path}/none.sock", patience_s=0.1)

    assert scrape(away) == {"remocap_redis_up": 0}
