"""The numbers of all processes in the text format of Prometheus."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from lyceum.core.tallies import BOUNDS, SIZES
from lyceum.monitoring.numbers import Numbers
from lyceum.monitoring.selectors import Queues

# What is counted: its meaning, and its labels.
COUNTED = {
    "frames_in": ("Frames from clients, by type and what came of them", ("type", "status")),
    "frames_out": ("Frames handed to connections, by type", ("type",)),
    "joined_writes": ("Writes to one connection of several frames joined", ()),
    "resumes": ("Conversations that clients took up again: filled, whole already, or told to reload", ("outcome",)),
    "filled_messages": ("Messages given to clients that had missed them", ()),
    "sockets_opened": ("Connections that were admitted or refused", ("path",)),
    "sockets_closed": ("Connections that ended, by close code; 4408 was too slow a reader", ("path", "code")),
    "limit": (
        "Decisions of the limiter: requests by class, handshakes of sockets, and their frames",
        ("class", "decision"),
    ),
}
# What is measured: its name and meaning, its labels, and the bounds of its buckets.
SPANS = {
    "http_request": (
        "lyceum_http_request_seconds",
        "Requests by route and status, and how long they took",
        ("method", "route", "status"),
        BOUNDS,
    ),
    "commit": ("lyceum_commit_seconds", "How long the writer of the sockets took to commit a batch", (), BOUNDS),
    "batch": ("lyceum_batch_messages", "Messages in a batch of that writer", (), SIZES),
    "fan_out": (
        "lyceum_fan_out_seconds",
        "From the sending of a message, or the making of another frame, until this process handed it out",
        ("type",),
        BOUNDS,
    ),
}
GAUGES = {
    "sockets_all": "Open connections on /ws/",
    "sockets_one": "Open connections on /ws/chat/{id}/",
    "groups": "Groups that have members",
    "buffered_bytes": "Bytes that wait for readers",
    "loop_lag_seconds": "How late the event loop was last",
    "writer_waiting": "Messages that wait for the next batch of the writer",
    "pool_size": "Connections to the database in Django's pool",
    "pool_in_use": "Of these in use",
    "pool_waiting": "Threads that wait for one",
    "hot_pool_size": "Connections to the database in the pool of the hot reads",
    "hot_pool_in_use": "Of these in use",
    "hot_pool_waiting": "Hot reads that wait for one",
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
        for name, (title, meaning, labels, bounds) in SPANS.items():
            family = HistogramMetricFamily(title, meaning, labels=(*LABELS_OF_ALL, *labels))
            for numbers in self._processes:
                for found, values, span in numbers.spans:
                    if found == name:
                        family.add_metric([numbers.process, *values], _buckets(span, bounds), sum_value=span[-1])
            yield family


def _buckets(span: list[float], bounds: tuple[float, ...]) -> list[tuple[str, float]]:
    """Turn counts of each bucket into counts up to each bound."""
    total, found = 0.0, []
    for bound, count in zip([*map(str, bounds), "+Inf"], span, strict=False):
        total += count
        found.append((bound, total))
    return found


def _waiting(queues: Queues) -> Iterator[Metric]:
    yield GaugeMetricFamily("lyceum_outbox_events", "Facts that wait for their receivers", queues.events)
    oldest = "How long the oldest of these waits"
    yield GaugeMetricFamily("lyceum_outbox_oldest_seconds", oldest, queues.oldest_event_seconds)
    yield GaugeMetricFamily("lyceum_jobs_waiting", "Jobs that are due and wait for a worker", queues.jobs)
    yield GaugeMetricFamily("lyceum_jobs_running", "Jobs that a worker does now", queues.running_jobs)
    yield GaugeMetricFamily("lyceum_search_changes", "Documents that wait for the indexer", queues.index.waiting)
    oldest = "How long the oldest of these waits"
    yield GaugeMetricFamily("lyceum_search_oldest_seconds", oldest, queues.index.oldest_seconds)
    documents = GaugeMetricFamily("lyceum_search_documents", "Documents that the index holds", labels=("kind",))
    for kind, count in sorted(queues.index.documents.items()):
        documents.add_metric([kind], count)
    yield documents
    yield GaugeMetricFamily("lyceum_search_well", "1 while the search engine answers", int(queues.index.is_well))


def text(processes: list[Numbers], queues: Queues | None) -> bytes:
    """Write the numbers; without what waits while the database is away."""
    registry = CollectorRegistry()
    registry.register(_Processes(processes, queues))
    return generate_latest(registry)
