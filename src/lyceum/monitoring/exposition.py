"""The numbers of all processes in the text format of Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from lyceum.core.tallies import BOUNDS
from lyceum.monitoring.numbers import Numbers
from lyceum.monitoring.selectors import Queues

# What is counted: its meaning, and its labels.
COUNTED = {
    "frames_in": ("Frames from clients, by type and what came of them", ("type", "status")),
    "frames_out": ("Frames handed to connections", ()),
    "sockets_opened": ("Connections that were admitted or refused", ("path",)),
    "sockets_closed": ("Connections that ended, by close code; 4408 was too slow a reader", ("path", "code")),
    "limit": ("Decisions of the limiter", ("class", "decision")),
}
SPANS = {"http_request": ("Requests by route and status, and how long they took", ("method", "route", "status"))}
GAUGES = {
    "sockets_all": "Open connections on /ws/",
    "sockets_one": "Open connections on /ws/chat/{id}/",
    "groups": "Groups that have members",
    "buffered_bytes": "Bytes that wait for readers",
    "loop_lag_seconds": "How late the event loop was last",
}
LABELS_OF_ALL = ("process",)


class _Processes(Collector):
    def __init__(self, processes: list[Numbers], queues: Queues | None) -> None:
        self._processes, self._queues = processes, queues

    def collect(self) -> Iterable[Metric]:
        yield from self._gauges()
        yield from self._counts()
        yield from self._spans()
        if self._queues is not None:
            yield from _waiting(self._queues)

    def _gauges(self) -> Iterator[Metric]:
        for name, meaning in GAUGES.items():
            family = GaugeMetricFamily(f"lyceum_{name}", meaning, labels=LABELS_OF_ALL)
            for numbers in self._processes:
                family.add_metric([numbers.process], numbers.gauges.get(name, 0))
            yield family

    def _counts(self) -> Iterator[Metric]:
        for name, (meaning, labels) in COUNTED.items():
            family = CounterMetricFamily(f"lyceum_{name}", meaning, labels=(*LABELS_OF_ALL, *labels))
            for numbers in self._processes:
                for found, values, count in numbers.counts:
                    if found == name:
                        family.add_metric([numbers.process, *values], count, created=numbers.started)
            yield family

    def _spans(self) -> Iterator[Metric]:
        for name, (meaning, labels) in SPANS.items():
            family = HistogramMetricFamily(f"lyceum_{name}_seconds", meaning, labels=(*LABELS_OF_ALL, *labels))
            for numbers in self._processes:
                for found, values, span in numbers.spans:
                    if found == name:
                        family.add_metric([numbers.process, *values], _buckets(span), sum_value=span[-1])
            yield family


def _buckets(span: list[float]) -> list[tuple[str, float]]:
    """Turn counts of each bucket into counts up to each bound."""
    total, found = 0.0, []
    for bound, count in zip([*map(str, BOUNDS), "+Inf"], span, strict=False):
        total += count
        found.append((bound, total))
    return found


def _waiting(queues: Queues) -> Iterator[Metric]:
    yield GaugeMetricFamily("lyceum_outbox_events", "Facts that wait for their receivers", queues.events)
    oldest = "How long the oldest of these waits"
    yield GaugeMetricFamily("lyceum_outbox_oldest_seconds", oldest, queues.oldest_event_seconds)
    yield GaugeMetricFamily("lyceum_jobs_waiting", "Jobs that are due and wait for a worker", queues.jobs)
    yield GaugeMetricFamily("lyceum_jobs_running", "Jobs that a worker does now", queues.running_jobs)


def text(processes: list[Numbers], queues: Queues | None) -> bytes:
    """Write the numbers; without what waits while the database is away."""
    registry = CollectorRegistry()
    registry.register(_Processes(processes, queues))
    return generate_latest(registry)
