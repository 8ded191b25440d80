"""What Redis knows of jobs, queues and workers, as metrics that are read when they are scraped.

Every api process shows them; they are the same in each, so take the maximum over processes.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service.broker import Broker
from service.broker_types import Census, ModelStatus
from service.errors import UnavailableError
from service.logs import get_log

log = get_log("metrics")


class QueueCollector(Collector):
    """Asks the broker at every scrape; while Redis is away, only `remocap_redis_up` is left."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def describe(self) -> Iterable[Metric]:
        """Nothing in advance: it would take Redis to know."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Yield all of them."""
        try:
            census, models = self._broker.census(), self._broker.models()
        except UnavailableError as error:
            log.warning("queue not measured", error=error.message)
            yield GaugeMetricFamily("remocap_redis_up", _UP, value=0)
            return
        yield GaugeMetricFamily("remocap_redis_up", _UP, value=1)
        yield from _of_jobs(census)
        yield from _of_models(models, census.now_s)


_UP = "Whether Redis answered"


def watch_queue(broker: Broker) -> None:
    """Show the queue's metrics in this process from now on."""
    REGISTRY.register(QueueCollector(broker))


def _of_jobs(census: Census) -> Iterator[Metric]:
    jobs = GaugeMetricFamily("remocap_jobs", "Jobs that Redis remembers", labels=["state"])
    for state, count in census.jobs.items():
        jobs.add_metric([state], count)
    yield jobs
    tasks = GaugeMetricFamily("remocap_tasks_waiting", "Media tasks nobody does", labels=["kind"])
    for kind, count in census.tasks.items():
        tasks.add_metric([kind], count)
    yield tasks
    yield GaugeMetricFamily(
        "remocap_reserved_gpu_seconds",
        "Estimated network time of all live jobs",
        value=census.reserved_gpu_s,
    )
    yield GaugeMetricFamily(
        "remocap_dead_clips", "Clips given up, the latest thousand", value=census.dead_clips
    )


def _of_models(models: Iterable[ModelStatus], now_s: float) -> Iterator[Metric]:
    workers = GaugeMetricFamily("remocap_workers", "Live workers", labels=["model"])
    windows = GaugeMetricFamily(
        "remocap_queue_windows",
        "Windows of clips without a result: sealed and waiting, or admitted to the queue",
        labels=["model", "place"],
    )
    oldest = GaugeMetricFamily(
        "remocap_queue_oldest_seconds", "Age of the oldest clip in the queue", labels=["model"]
    )
    for model in models:
        workers.add_metric([model.model_key], model.workers)
        windows.add_metric([model.model_key, "waiting"], model.waiting_windows)
        windows.add_metric([model.model_key, "admitted"], model.admitted_windows)
        age_s = 0.0 if model.oldest_s is None else max(now_s - model.oldest_s, 0.0)
        oldest.add_metric([model.model_key], age_s)
    yield from (workers, windows, oldest)
